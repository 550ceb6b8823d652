"""BEIR's evaluation, by beir itself, on an index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from beir.datasets.data_loader import GenericDataLoader
from beir.retrieval.evaluation import EvaluateRetrieval
from beir.retrieval.search import BaseSearch

import hypershard
from hypershard import Client, InvalidCall
from hypershard.beir import DocumentsRefused, HypershardSearch

CORPUS = {
    "a": {"title": "ba", "text": "ce di"},
    "b": {"title": "", "text": "fo gu ha"},
    "c": {"title": "ke", "text": "li mo"},
    "empty": {"title": "", "text": " "},
}


def test_beir_evaluates_an_index(client: Client, tmp_path: Path) -> None:
    texts = {f"q{at}": text for at, text in enumerate(["fo", "ke"] * 45)}
    write_lines(tmp_path / "corpus.jsonl", [{"_id": id, **document} for id, document in CORPUS.items()])
    write_lines(tmp_path / "queries.jsonl", [{"_id": id, "text": text} for id, text in texts.items()])
    (tmp_path / "qrels").mkdir()
    # Of one half the best hit is relevant, of the other the second.
    relevant = "".join(f"{id}\t{'a' if text == 'fo' else 'b'}\t1\n" for id, text in texts.items())
    (tmp_path / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{relevant}")
    corpus, queries, qrels = GenericDataLoader(str(tmp_path)).load(split="test")

    search = HypershardSearch(client, "beir-all", settings={"shards": 3}, plan="exact")
    assert isinstance(search, BaseSearch)
    retriever = EvaluateRetrieval(search, k_values=[1, 3, 1000])
    found = retriever.retrieve(corpus, queries)
    assert list(found) == list(queries)
    expected = {text: client.search("beir-all", query=text, k=1000, plan="exact").hits for text in queries.values()}
    for query, scores in found.items():
        assert list(scores.items()) == [(hit.id, hit.score) for hit in expected[queries[query]]]
    _, _, recall, _ = retriever.evaluate(qrels, found, retriever.k_values)
    assert (recall["Recall@1"], recall["Recall@3"]) == (0.5, 1)
    assert (search.skipped, search.results) == (["empty"], found)
    assert client.get_index("beir-all").shards == 3
    client.delete_index("beir-all")


def test_an_index_is_loaded_once_and_with_one_corpus(client: Client) -> None:
    search = HypershardSearch(client, "beir-once", plan="exact")
    deep = search.search(CORPUS, {"q": "ba"}, 1001)["q"]
    assert search.search(CORPUS, {"q": "ba"}, 2) == {"q": dict(list(deep.items())[:2])}
    with pytest.raises(InvalidCall, match="loaded with another"):
        search.search({"other": {"text": "ba"}}, {"q": "ba"}, 1)
    # What is there already is searched only where it is said.
    with pytest.raises(hypershard.IndexExists):
        HypershardSearch(client, "beir-once").search(CORPUS, {"q": "ba"}, 1)
    there = HypershardSearch(client, "beir-once", load=False)
    assert len(there.search({}, {"q": "ba"}, 1, "dot")["q"]) == 1
    with pytest.raises(hypershard.InvalidRequest):
        there.search({}, {"good": "ba", "blank": " "}, 1)
    client.delete_index("beir-once")


def test_a_corpus_that_is_refused_is_no_corpus(client: Client) -> None:
    search = HypershardSearch(client, "beir-refused")
    with pytest.raises(DocumentsRefused, match="refused 1 documents"):
        search.search({"a" * 600: {"title": "", "text": "ba"}, "b": {"text": "ce"}}, {"q": "ba"}, 1)
    client.delete_index("beir-refused")


def write_lines(path: Path, lines: list[dict[str, str]]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
