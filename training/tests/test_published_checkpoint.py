"""The authors' released code and ours read each other's checkpoints and compute the same of them."""

import dataclasses
import os
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from hypershard_training.checkpoint.dual_encoder import DualEncoder, load_checkpoint, save_checkpoint
from hypershard_training.checkpoint.encoding import TorchEncoder
from hypershard_training.export.tiny_fixture import HIDDEN, tiny_dual_encoder
from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.model.sentence_vectors import token_ids
from hypershard_training.reference.scores import DOCUMENTS, QUERIES

#: Relative to the largest magnitude of a matrix, a bias, a vector, or of all scores. What differs in float32 is the rounding of
#: sums in another order, as float64 shows.
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}
POOLERS = {f"{side}_encoder.transformer.pooler.dense.{member}" for side in ("query", "passage") for member in ("weight", "bias")}


@pytest.fixture
def repository() -> Path:
    """The checkout of the authors' repository."""
    path = os.environ.get("HYPENCODER_REPO")
    if not path:
        pytest.skip("set HYPENCODER_REPO to a checkout of the authors' repository to compare with it")
    return Path(path)


def _architecture(depth: int, **options: object) -> QnetArchitecture:
    return QnetArchitecture((HIDDEN,) * (depth + 1) + (1,), **options)


def _ours(architecture: QnetArchitecture, backbone: Path, **changes: object) -> DualEncoder:
    """The fixture's model with another q-net, whose matrices vary half as much: as they are, some layers let nothing through."""
    model = tiny_dual_encoder(architecture)
    halved = {name: value / 2 for name, value in model.head.items() if name.startswith("matrices.") and ".projection." in name}
    return dataclasses.replace(model, head=model.head | halved, backbone=str(backbone), **changes)


def _assert_same_results(model: DualEncoder, published) -> None:
    """Of a checkpoint in our code and one in the released code: q-nets, document vectors, scores."""
    for dtype, tolerance in TOLERANCES.items():
        differences = _differences(model, published.to(dtype), dtype)
        assert max(differences.values()) <= tolerance, (dtype, differences)


@torch.inference_mode()
def _differences(model: DualEncoder, published, dtype: torch.dtype) -> dict[str, float]:
    """The largest, relative."""
    from hypershard_training.reference.published_checkpoint import run_published

    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    queries, documents = (token_ids(tokenizer, list(texts), 32) for texts in (QUERIES, DOCUMENTS))
    theirs, encoder = run_published(published, queries, documents), TorchEncoder(model, dtype)
    vectors = torch.stack([encoder.document_vector(ids) for ids in documents])
    qnets = [encoder.qnet(ids) for ids in queries]
    scores = torch.stack([encoder.scores(qnet, vectors) for qnet in qnets])
    made = [own for matrices, biases in qnets for own in (*matrices, *biases)]
    generated = [own for i in range(len(queries)) for own in (*theirs.matrices[i], *theirs.biases[i])]
    assert bool((scores.std(0) > 1e-3).all()) and bool((scores.std(1) > 1e-3).all()), "all scores alike: nothing was compared"
    assert scores.dtype == theirs.scores.dtype == dtype
    return {
        "q-net weights": max(_relative(*pair) for pair in zip(made, generated, strict=True)),
        "document vectors": max(_relative(*pair) for pair in zip(vectors, theirs.vectors, strict=True)),
        "scores": _relative(scores, theirs.scores),
    }


def _relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("depth", [2, 4])
@pytest.mark.parametrize(
    ("shared", "twice", "pooling"), [(True, True, "cls"), (True, False, "cls"), (False, False, "cls"), (True, True, "mean")]
)
def test_a_published_checkpoint_is_read(
    repository: Path, tmp_path: Path, depth: int, shared: bool, twice: bool, pooling: str
) -> None:
    from hypershard_training.reference.published_checkpoint import make_published, save_published, write_backbone

    tiny = tiny_dual_encoder()
    write_backbone(tmp_path / "backbone", tiny.query.settings, tiny.tokenizer_json, seed=1)
    published = make_published(
        repository, tmp_path / "backbone", _architecture(depth), shared=shared, pooling=pooling, seed=depth
    )
    save_published(published, tmp_path / "published", twice=twice)
    model = load_checkpoint(tmp_path / "published")
    assert model.architecture == _architecture(depth) and (model.query is model.document) == shared
    assert model.document_pooling == pooling and bool(model.notes) == (pooling == "mean")
    _assert_same_results(model, published)


@pytest.mark.parametrize(
    "architecture",
    [
        _architecture(2),
        _architecture(4),
        _architecture(2, activation="gelu", layer_norm_before_residual=False, residual_on_last=True),
        _architecture(3, activation="tanh", layer_norm=False, residual=False),
    ],
    ids=["depth 2", "depth 4", "residual on the last layer", "plain layers"],
)
@pytest.mark.parametrize("shared", [True, False])
def test_a_checkpoint_of_ours_is_read_by_the_released_code(
    repository: Path, tmp_path: Path, architecture: QnetArchitecture, shared: bool
) -> None:
    from hypershard_training.reference.published_checkpoint import load_published, write_backbone

    model = _ours(architecture, tmp_path / "backbone", document_pooling="mean")
    if not shared:
        model = dataclasses.replace(model, document=tiny_dual_encoder(seed=77).document)
    write_backbone(tmp_path / "backbone", model.query.settings, model.tokenizer_json, seed=1)
    save_checkpoint(model, tmp_path / "ours")
    published, odd = load_published(repository, tmp_path / "ours")
    assert odd <= POOLERS and published.config.shared_encoder == shared
    _assert_same_results(model, published)


def test_a_checkpoint_that_went_through_both_is_the_same(repository: Path, tmp_path: Path) -> None:
    from hypershard_training.reference.published_checkpoint import load_published, save_published, write_backbone

    model = _ours(_architecture(2), tmp_path / "backbone")
    write_backbone(tmp_path / "backbone", model.query.settings, model.tokenizer_json, seed=1)
    save_checkpoint(model, tmp_path / "ours")
    published, _ = load_published(repository, tmp_path / "ours")
    save_published(published, tmp_path / "theirs", twice=True)
    back = load_checkpoint(tmp_path / "theirs")
    for side, other in ((back.query.weights, model.query.weights), (back.head, model.head)):
        assert all(torch.equal(side[name], value) for name, value in other.items())
    assert (back.query_tokens_max, back.document_tokens_max) == (model.query_tokens_max, model.document_tokens_max)


def test_the_tokenizer_of_a_checkpoint_of_ours_is_read_by_transformers(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    model = tiny_dual_encoder()
    save_checkpoint(model, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    expected = [own.ids for own in Tokenizer.from_str(model.tokenizer_json).encode_batch(list(QUERIES))]
    assert tokenizer(list(QUERIES))["input_ids"] == expected
    limited = tokenizer(list(QUERIES), truncation=True, max_length=8, padding=True)
    assert {len(ids) for ids in limited["input_ids"]} == {8} and tokenizer.pad_token_id == 0
