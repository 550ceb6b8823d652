"""The retriever for LangChain."""

from __future__ import annotations

import pytest

from hypershard import AsyncClient, Client
from hypershard.langchain import HypershardRetriever


@pytest.mark.anyio
async def test_it_gives_documents(client: Client, async_client: AsyncClient, index: str) -> None:
    lines = [{"id": str(at), "title": f"t{at}", "text": "ba ce", "year": 2000 + at} for at in range(5)]
    client.put_all(index, lines, wait_for="searchable")
    options = {"filter": {"field": "year", "gte": 2001}, "plan": "exact"}
    retriever = HypershardRetriever(client=client, index=index, k=3, options=options)
    found = retriever.invoke("ba")
    hits = client.search(index, query="ba", k=3, **options).hits
    assert [document.id for document in found] == [hit.id for hit in hits]
    assert found[0].page_content == "ba ce"
    assert found[0].metadata == {**(hits[0].fields or {}), "score": hits[0].score, "title": hits[0].title}
    assert await retriever.ainvoke("ba") == found
    assert await retriever.model_copy(update={"async_client": async_client}).ainvoke("ba") == found


def test_it_gives_passages(client: Client) -> None:
    client.create_index(name="in-passages", passages={})
    client.put_all("in-passages", [{"id": "a", "text": "ba ce. di fo."}], wait_for="searchable")
    (document,) = HypershardRetriever(client=client, index="in-passages", passages=True).invoke("ba")
    begin, end = document.metadata["passage_begin"], document.metadata["passage_end"]
    assert document.page_content == "ba ce. di fo."[begin:end]
    client.delete_index("in-passages")
