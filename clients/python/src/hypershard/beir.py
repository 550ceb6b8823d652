"""
Runs BEIR on a hypershard cluster: `EvaluateRetrieval(HypershardSearch(client, "scifact"))`.

`pip install beir` (2.2.0) brings PyTorch along, which neither this module nor `EvaluateRetrieval` needs:
`pip install --no-deps beir tqdm pytrec-eval-terrier numpy` is enough.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from hypershard._client import Client
from hypershard._errors import HypershardError, InvalidCall
from hypershard._generated import BatchedSearchRequest, Hit, SearchOutcomeAnswer
from hypershard._limits import BATCH_HITS_MAX, BATCH_SEARCHES_MAX, HITS_MAX
from hypershard._retry import Attempts

if TYPE_CHECKING:
    BaseSearch = object
else:
    try:
        from beir.retrieval.search import BaseSearch
    except ImportError:
        BaseSearch = object

Corpus = Mapping[str, Mapping[str, str]]
Scores = dict[str, dict[str, float]]

BATCH_ATTEMPTS_MAX = 10
BATCH_S_MAX = 600.0
"""For one batch of queries with all its attempts."""


class DocumentsRefused(HypershardError):
    """Documents of a corpus were refused: an evaluation without them would say nothing. `errors` has the first."""

    def __init__(self, index: str, failed: int, errors: list[Any]) -> None:
        first = f"{errors[0].id}: {errors[0].message}" if errors else "the answer names none"
        super().__init__("invalid_request", f"index {index} refused {failed} documents; the first: {first}")
        self.errors = errors


class HypershardSearch(BaseSearch):
    """
    BEIR's retriever interface over an index.

    Example:
        corpus, queries, qrels = GenericDataLoader("scifact").load(split="test")
        retriever = EvaluateRetrieval(HypershardSearch(Client(), "scifact"), score_function="dot")
        ndcg, *_ = retriever.evaluate(qrels, retriever.retrieve(corpus, queries), retriever.k_values)
    """

    def __init__(
        self,
        client: Client,
        index: str,
        *,
        load: bool = True,
        settings: Mapping[str, Any] | None = None,
        **options: Unpack[BatchedSearchRequest],
    ) -> None:
        """
        Args:
            client: of the cluster
            index: its name
            load: create the index and put the corpus into it at the first search; an index of that name is an error
                then. False: search an index that has the corpus already
            settings: of the index that is created, as of `create_index`
            options: of every search, as `plan="exact"` or a `filter`
        """
        self._client = client
        self._index = index
        self._load = load
        self._settings = dict(settings or {})
        self._options = options
        self._loaded: set[str] | None = None
        self.results: Scores = {}
        """Of the last search."""
        self.skipped: list[str] = []
        """Documents of the corpus that were not put, because they have neither title nor text."""

    def search(
        self,
        corpus: Corpus,
        queries: Mapping[str, str],
        top_k: int,
        *args: Any,
        **kwargs: Any,
    ) -> Scores:
        """
        The best documents for each query, and their scores.

        Args:
            corpus: title and text, by the document's id
            queries: by their id
            top_k: how many documents for each
            args: BEIR's `score_function`, which says nothing here: the index knows what scores its documents
        """
        if top_k < 1:
            raise InvalidCall(f"top_k: {top_k} is not at least 1")
        if self._load:
            self._put(corpus)
        found = self._in_batches(queries, top_k) if top_k <= HITS_MAX else self._one_by_one(queries, top_k)
        self.results = {query: _scores(hits) for query, hits in found}
        return self.results

    def encode(self, *args: Any, **kwargs: Any) -> Any:
        """Of BEIR's interface, for what encodes by itself: here the cluster does."""
        raise NotImplementedError("the cluster encodes documents and queries itself; use search")

    def search_from_files(self, *args: Any, **kwargs: Any) -> Any:
        """Of BEIR's interface, for embeddings in files: put them into an index with vectors of your own."""
        raise NotImplementedError("put the vectors into an index whose model is external, and search with load=False")

    def _put(self, corpus: Corpus) -> None:
        ids = set(corpus)
        if self._loaded is not None:
            if self._loaded != ids:
                raise InvalidCall(f"corpus: index {self._index} was loaded with another; use an index for each")
            return
        self._client.create_index(name=self._index, **self._settings)
        self.skipped = [id for id, document in corpus.items() if not any(_texts(document).values())]
        skipped = set(self.skipped)
        documents = ({"id": id, **_texts(document)} for id, document in corpus.items() if id not in skipped)
        total = self._client.put_all(self._index, documents, wait_for="searchable")
        if total.failed > 0:
            raise DocumentsRefused(self._index, total.failed, total.errors)
        self._loaded = ids

    def _in_batches(self, queries: Mapping[str, str], top_k: int) -> Iterator[tuple[str, list[Hit]]]:
        size = max(1, min(BATCH_SEARCHES_MAX, BATCH_HITS_MAX // top_k))
        items = iter(queries.items())
        while batch := dict(islice(items, size)):
            yield from self._search_batch(batch, top_k)

    def _search_batch(self, batch: dict[str, str], top_k: int) -> Iterator[tuple[str, list[Hit]]]:
        """A search of a batch that fails in a way that may pass is made again with the others that did."""
        attempts = Attempts(BATCH_ATTEMPTS_MAX, True, BATCH_S_MAX)
        found: dict[str, list[Hit]] = {}
        left = batch
        while True:
            searches = [self._request(text, top_k) for text in left.values()]
            answer = self._client.search_batch(self._index, searches=searches)
            failure: HypershardError | None = None
            for query, outcome in zip(left, answer.outcomes, strict=True):
                if isinstance(outcome, SearchOutcomeAnswer):
                    found[query] = outcome.answer.hits
                else:
                    failure = outcome.problem.to_error()
            left = {query: text for query, text in left.items() if query not in found}
            if failure is None:
                break
            time.sleep(attempts.pause_after(failure))
        for query in batch:
            yield query, found[query]

    def _one_by_one(self, queries: Mapping[str, str], top_k: int) -> Iterator[tuple[str, list[Hit]]]:
        """More hits than a page has."""
        for query, text in queries.items():
            yield query, list(islice(self._client.search_all(self._index, **self._request(text, HITS_MAX)), top_k))

    def _request(self, query: str, k: int) -> BatchedSearchRequest:
        return {**self._options, "query": query, "k": k, "ids_only": True}


def _texts(document: Mapping[str, str]) -> dict[str, str]:
    return {name: (document.get(name) or "").strip() for name in ("title", "text")}


def _scores(hits: list[Hit]) -> dict[str, float]:
    return {hit.id: hit.score for hit in hits if hit.score is not None}
