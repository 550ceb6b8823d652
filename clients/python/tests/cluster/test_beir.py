"""BEIR's interface, as beir 2.2.0 calls it; beir itself needs PyTorch."""

from __future__ import annotations

import pytest

import hypershard
from hypershard import Client, InvalidCall
from hypershard.beir import DocumentsRefused, HypershardSearch

CORPUS = {
    "a": {"title": "ba", "text": "ce di"},
    "b": {"title": "", "text": "fo gu ha"},
    "c": {"title": "ke", "text": "li mo"},
    "empty": {"title": "", "text": " "},
}


class EvaluateRetrieval:
    """How beir 2.2.0's class of that name calls a retriever (beir/retrieval/evaluation.py)."""

    def __init__(self, retriever: HypershardSearch, k_values: list[int], score_function: str = "cos_sim") -> None:
        self.retriever = retriever
        self.top_k = max(k_values)
        self.score_function = score_function

    def retrieve(self, corpus: dict, queries: dict[str, str], **kwargs: object) -> dict[str, dict[str, float]]:
        return self.retriever.search(corpus, queries, self.top_k, self.score_function, **kwargs)


def test_it_loads_the_corpus_and_answers_every_query(client: Client) -> None:
    search = HypershardSearch(client, "beir-all", settings={"shards": 3}, plan="exact")
    queries = {f"q{at}": text for at, text in enumerate(["ba ce", "fo gu", "ke"] * 30)}
    found = EvaluateRetrieval(search, [1, 10, 1000]).retrieve(CORPUS, queries)
    assert list(found) == list(queries)
    expected = {text: client.search("beir-all", query=text, k=1000, plan="exact").hits for text in queries.values()}
    for query, scores in found.items():
        assert list(scores.items()) == [(hit.id, hit.score) for hit in expected[queries[query]]]
    assert (search.skipped, search.results) == (["empty"], found)
    assert client.get_index("beir-all").shards == 3
    assert search.search(CORPUS, {"q": "ba"}, 2) == {
        "q": dict(list(search.search(CORPUS, {"q": "ba"}, 1001)["q"].items())[:2])
    }
    with pytest.raises(InvalidCall):
        search.search({"other": {"text": "ba"}}, {"q": "ba"}, 1)
    # What is there already is searched only where it is said.
    with pytest.raises(hypershard.IndexExists):
        HypershardSearch(client, "beir-all").search(CORPUS, {"q": "ba"}, 1)
    there = HypershardSearch(client, "beir-all", load=False)
    assert len(there.search({}, {"q": "ba"}, 1, "dot")["q"]) == 1
    client.delete_index("beir-all")


def test_a_query_that_fails_is_no_query_without_documents(client: Client) -> None:
    search = HypershardSearch(client, "beir-failing")
    with pytest.raises(hypershard.InvalidRequest):
        search.search(CORPUS, {"good": "ba", "blank": " "}, 1)
    client.delete_index("beir-failing")


def test_a_corpus_that_is_refused_is_no_corpus(client: Client) -> None:
    search = HypershardSearch(client, "beir-refused")
    with pytest.raises(DocumentsRefused, match="refused 1 documents"):
        search.search({"a" * 600: {"title": "", "text": "ba"}, "b": {"text": "ce"}}, {"q": "ba"}, 1)
    client.delete_index("beir-refused")
