"""Rankings against plain sorting, and the runs that are written."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.train import rank_collection
from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import HyperHead, batch_scores
from hypershard_training.train.rank_command import add_arguments, run
from hypershard_training.train.source import Source

WIDTH, DOCUMENTS = 8, 50


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_head_ranks_by_its_float32_scores(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_collection, "HITS_MAX", 5)
    monkeypatch.setattr(rank_collection, "RESCORED", 30)
    monkeypatch.setattr(rank_collection, "DOCUMENTS_A_BLOCK", 16)
    torch.manual_seed(depth)
    architecture = QnetArchitecture((WIDTH,) * (depth + 1) + (1,), layer_norm=depth > 0, residual=depth > 0)
    head = HyperHead(architecture, WIDTH, "published").eval()
    states, vectors = torch.randn(7, WIDTH).half(), torch.randn(DOCUMENTS, WIDTH).half()
    source = Source("s", 1.0, [""] * DOCUMENTS, ["", ""], [[0], [1]])
    encoded = EncodedSource(source, vectors, states.numpy(), np.array([0, 4, 7]), torch.zeros(2, WIDTH))
    for query, (numbers, scores) in enumerate(rank_collection._rank_by_head(encoded, head)):
        with torch.no_grad():
            weights = head(*encoded.query_states(np.array([query])))
            expected = batch_scores(architecture, weights, vectors[None])[0]
        order = expected.argsort(descending=True)[:5]
        assert numbers.tolist() == order.tolist()
        np.testing.assert_allclose(scores, expected[order], rtol=1e-5)


def test_bm25_writes_a_trec_run_of_documents_that_share_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "qrels").mkdir()
    texts = {"d1": "a fox runs", "d2": "two foxes and a fox", "d3": "a dog sleeps", "d4": "", "d5": "the fox"}
    (tmp_path / "corpus.jsonl").write_text("".join(f'{{"_id": "{key}", "text": "{text}"}}\n' for key, text in texts.items()))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "running foxes"}\n{"_id": "q2", "text": "dogs"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("q1\td5\t1\nq2\td3\t1\n")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = tmp_path / "run.trec"
    options = ["--collection", str(tmp_path), "--out", str(out)]
    assert run(parser.parse_args(["bm25", *options, "--documents-max", "4"])) == 0
    assert capsys.readouterr().out.endswith("2 queries, 5 documents\n"), "a judged document is ranked wherever it is"
    lines = [line.split() for line in out.read_text().splitlines()]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("q1", "d1", "1"),
        ("q1", "d2", "2"),
        ("q1", "d5", "3"),
        ("q2", "d3", "1"),
    ]
    assert run(parser.parse_args([str(tmp_path), *options])) == 1
    assert "is not a finished run" in capsys.readouterr().err
