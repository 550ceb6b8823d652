"""A retriever for LangChain; `pip install 'hypershard[langchain]'`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from hypershard._async_client import AsyncClient
from hypershard._client import Client
from hypershard._generated import Hit


class HypershardRetriever(BaseRetriever):
    """
    The documents of an index that fit a query best.

    Example:
        retriever = HypershardRetriever(client=Client(), index="sample", k=4)
        for document in retriever.invoke("why does bread rise"):
            print(document.id, document.metadata["score"])
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    client: Client
    async_client: AsyncClient | None = None
    """What `ainvoke` searches with; without it, it runs `client` in a thread."""
    index: str
    k: int = 4
    options: Mapping[str, Any] = Field(default_factory=dict)
    """Of every search, as `{"filter": {"field": "year", "gte": 2020}}`."""
    passages: bool = False
    """Of an index with passages: give the passage that fits best instead of a whole text that was cut."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        answer = self.client.search(self.index, **self._request(query))
        return [self._document_of(hit) for hit in answer.hits]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        if self.async_client is None:
            return await super()._aget_relevant_documents(query, run_manager=run_manager)
        answer = await self.async_client.search(self.index, **self._request(query))
        return [self._document_of(hit) for hit in answer.hits]

    def _request(self, query: str) -> Any:
        return {**self.options, "query": query, "k": self.k}

    def _document_of(self, hit: Hit) -> Document:
        passage = hit.passage if self.passages else None
        text = hit.text if passage is None else passage.text
        place = {} if passage is None else {"passage_begin": passage.begin, "passage_end": passage.end}
        own = {"score": hit.score, "title": hit.title, **place}
        return Document(id=hit.id, page_content=text or "", metadata={**(hit.fields or {}), **own})
