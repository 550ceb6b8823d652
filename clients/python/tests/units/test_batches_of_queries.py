"""How BEIR's queries are sent, without a cluster."""

from __future__ import annotations

import json

import httpx
import pytest

import hypershard
from hypershard import Client
from hypershard.beir import HypershardSearch

COVERAGE = {
    "documents_scored": 1, "documents_scanned": 0, "documents_walked": 0, "documents_eligible": 1,
    "documents_matched": 1, "ratio": 1, "non_finite_scores": 0, "missing": [],
}  # fmt: skip
PAGE = {
    "coverage": COVERAGE, "plan": "auto", "took_ms": 1, "manifest_version": 1, "query_truncated": False,
    "query_tokens": 1, "query_unknown_tokens": 0, "cached": False, "next_cursor": None,
}  # fmt: skip


class Server:
    """Answers each query with a document of its name, and those of `failing` with a problem as often as it says."""

    def __init__(self, status: int = 429, **failing: int) -> None:
        self.status = status
        self.failing = failing
        self.batches: list[list[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        queries = [search["query"] for search in json.loads(request.read())["searches"]]
        self.batches.append(queries)
        return httpx.Response(200, json={"outcomes": [self.outcome(query) for query in queries], "took_ms": 1})

    def outcome(self, query: str) -> dict[str, object]:
        if self.failing.get(query, 0) > 0:
            self.failing[query] -= 1
            problem = {"code": "overloaded", "detail": "full", "status": self.status, "details": {}}
            return {"status": self.status, "problem": problem}
        return {"status": 200, "answer": {**PAGE, "hits": [{"id": f"of-{query}", "score": 0.5}]}}


def search(server: Server, queries: list[str], top_k: int = 1) -> dict[str, dict[str, float]]:
    retriever = HypershardSearch(Client("http://test", transport=httpx.MockTransport(server)), "a", load=False)
    return retriever.search({}, {f"q-{query}": query for query in queries}, top_k, "dot")


def test_batches_keep_to_the_limits_of_the_api() -> None:
    server = Server()
    queries = [str(number) for number in range(150)]
    assert search(server, queries) == {f"q-{query}": {f"of-{query}": 0.5} for query in queries}
    assert [len(batch) for batch in server.batches] == [64, 64, 22]
    wide = Server()
    search(wide, queries[:25], top_k=1000)
    assert [len(batch) for batch in wide.batches] == [10, 10, 5]


def test_a_query_that_may_succeed_later_is_asked_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypershard.beir.time.sleep", lambda seconds: None)
    server = Server(b=2)
    assert list(search(server, ["a", "b", "c"])) == ["q-a", "q-b", "q-c"]
    assert server.batches == [["a", "b", "c"], ["b"], ["b"]]


def test_a_query_that_fails_for_good_ends_the_evaluation() -> None:
    with pytest.raises(hypershard.Overloaded):
        search(Server(status=400, b=1), ["a", "b"])
