"""The shipped bge-small is what its card says, and what the card's commands make where the source is at hand."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="install the export extra")

from hypershard_training.__main__ import main
from hypershard_training.export.onnx_weights import read_onnx_bert, write_bert_folder
from hypershard_training.reference.onnx_vectors import onnx_vectors

PREFIX = "Represent this sentence for searching relevant passages: "
#: A folder with ``bge-small-en-v1.5.onnx`` and ``bge-small-en-v1.5-tokenizer.json``, as the model's card says where to get them.
SOURCE = os.environ.get("BGE_SMALL")


@pytest.fixture
def model(models: Path) -> Path:
    return models / "bge-small-dense"


def test_model_json_names_every_file_and_says_how_texts_are_read(model: Path) -> None:
    settings = json.loads((model / "model.json").read_text())
    for name, entry in settings["files"].items():
        content = (model / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}, name
    assert sum(path.stat().st_size for path in model.iterdir()) <= 40_000_000
    assert settings["license"] == "MIT"
    assert settings["documentHead"] == {"pooling": "cls", "normalize": True}
    assert settings["tokenizer"]["queryPrefix"] == PREFIX
    assert "documentPrefix" not in settings["tokenizer"]


@pytest.mark.skipif(SOURCE is None, reason="BGE_SMALL names the folder with the source")
def test_the_card_s_commands_give_the_committed_bytes(model: Path, fixtures: Path, tmp_path: Path) -> None:
    source = Path(SOURCE or "")
    tokenizer = (source / "bge-small-en-v1.5-tokenizer.json").read_text(encoding="utf-8")
    folder, out = tmp_path / "bge-small-en-v1.5", tmp_path / "bge-small-dense"
    write_bert_folder(folder, *read_onnx_bert(source / "bge-small-en-v1.5.onnx"), tokenizer)
    options = ["--encoding", "int8", "--license", "MIT", "--pooling", "cls", "--query-prefix", PREFIX]
    described = "bge-small-en-v1.5 as a dense retriever: a query's q-net is its own vector; weights int8-stored"
    limits = ["--max-document-tokens", "256"]
    assert main(["export", str(folder), "--out", str(out), *options, *limits, "--description", described]) == 0
    for name in ("encoder.onnx", "tokenizer.json", "model.json"):
        assert (out / name).read_bytes() == (model / name).read_bytes(), name
    committed = json.loads((fixtures / "bge-small" / "reference-vectors.json").read_text())
    made = onnx_vectors(source / "bge-small-en-v1.5.onnx", model)
    assert committed["sourceSha256"] == made["sourceSha256"]
    for before, now in zip(committed["texts"], made["texts"], strict=True):
        for side in ("query", "document"):
            assert now[side]["tokenIds"] == before[side]["tokenIds"]
            np.testing.assert_allclose(now[side]["values"], before[side]["values"], atol=1e-4)
