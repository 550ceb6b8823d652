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
    texts = {"long": "Ba ce di fo gu. " * 200, "short": "Ba ce."}
    client.put_all("in-passages", [{"id": id, "text": text} for id, text in texts.items()], wait_for="searchable")
    found = HypershardRetriever(client=client, index="in-passages", passages=True).invoke("ba")
    long, short = sorted(found, key=lambda document: document.id or "")
    begin, end = long.metadata["passage_begin"], long.metadata["passage_end"]
    assert long.page_content == texts["long"][begin:end]
    assert 0 < len(long.page_content) < len(texts["long"])
    # A text that was not cut is its own passage.
    assert short.page_content == texts["short"]
    client.delete_index("in-passages")
