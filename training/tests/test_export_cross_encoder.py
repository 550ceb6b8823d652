"""A BERT cross-encoder becomes a model directory that gives PyTorch's scores; what is none is refused with what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification

from hypershard_training.__main__ import main
from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.cross_encoder import is_cross_encoder, load_cross_encoder
from hypershard_training.export.tiny_fixture import tiny_tokenizer_json
from hypershard_training.model.sentence_vectors import open_session


def _pair_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_str(tiny_tokenizer_json())
    special = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", special)
    return tokenizer


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """As ``save_pretrained`` writes it, with made-up weights that tell pairs apart."""
    torch.manual_seed(1)
    tokenizer = _pair_tokenizer()
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=24,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=40,
        max_position_embeddings=48,
        initializer_range=0.4,
        num_labels=1,
    )
    folder = tmp_path / "checkpoint"
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _scores(folder: Path, pairs: list[tuple[str, str]], longest: int = 48) -> np.ndarray:
    tokenizer = _pair_tokenizer()
    tokenizer.enable_padding(length=longest)
    encoded = tokenizer.encode_batch(pairs)
    names = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
    inputs = {name: np.array([getattr(one, member) for one in encoded], np.int64) for name, member in names.items()}
    return open_session(folder / "model.onnx", 1).run(["scores"], inputs)[0]


@pytest.mark.parametrize(("encoding", "tolerance"), [("fp32", 1e-3), ("fp16", 1e-2), ("int8", 0.2)])
def test_an_exported_cross_encoder_gives_the_scores_of_pytorch(checkpoint: Path, tmp_path: Path, encoding: str, tolerance: float):
    out = tmp_path / f"tiny-{encoding}"
    assert main(["export", str(checkpoint), "--out", str(out), "--encoding", encoding, "--tolerance", str(tolerance)]) == 0
    settings = json.loads((out / "model.json").read_text())
    assert settings["format"] == "hypershard.cross-encoder/1"
    assert settings["tokenizer"] == {"file": "tokenizer.json", "maxTokens": 48, "maxQueryTokens": 43}
    assert sorted(settings["files"]) == ["model.onnx", "tokenizer.json"]
    texts = ["the heat of a body", "stars", "rivers and glaciers are from the tower"]
    pairs = [("how are stars", text) for text in texts]
    tokenizer = _pair_tokenizer()
    model = BertForSequenceClassification.from_pretrained(checkpoint).eval()
    expected = []
    for pair in pairs:
        one = tokenizer.encode(*pair)
        with torch.inference_mode():
            found = model(input_ids=torch.tensor([one.ids]), token_type_ids=torch.tensor([one.type_ids]))
        expected.append(float(found.logits))
    assert np.ptp(expected) > 0.01, "the made-up model tells pairs apart"
    assert np.abs(_scores(out, pairs) - expected).max() <= tolerance * np.abs(expected).max()


def test_a_pair_has_the_same_bits_beside_any_others(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    assert main(["export", str(checkpoint), "--out", str(out)]) == 0
    pairs = [("stars", text) for text in ("heat", "the body of a tower", "a", "rivers")]
    together = _scores(out, pairs)
    for at, pair in enumerate(pairs):
        # Two rows, as the encoder service runs a pair that is alone.
        assert _scores(out, [pair, pair]).tolist() == [together[at]] * 2


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["export", str(checkpoint), "--out", str(tmp_path / name), "--name", "tiny"]) == 0
    for file in ("model.json", "model.onnx", "tokenizer.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def _config(checkpoint: Path, **changed: object) -> None:
    path = checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda folder: _config(folder, id2label={"0": "no", "1": "yes"}), "has 2 labels; a cross-encoder that ranks has one"),
        (lambda folder: _config(folder, hidden_size=26), "shape"),
        (lambda folder: _config(folder, position_embedding_type="relative_key"), "only absolute position embeddings"),
        (lambda folder: (folder / "tokenizer.json").write_text(tiny_tokenizer_json()), "makes no pairs of two types"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    ],
)
def test_what_cannot_be_exported_is_told(checkpoint: Path, harm, problem: str) -> None:
    harm(checkpoint)
    with pytest.raises(CheckpointError, match=problem):
        load_cross_encoder(str(checkpoint))


def test_lengths_that_leave_a_text_no_room_are_told(checkpoint: Path, tmp_path: Path, capsys) -> None:
    for option, value in (("--max-tokens", "49"), ("--max-query-tokens", "44"), ("--max-document-tokens", "8")):
        assert main(["export", str(checkpoint), "--out", str(tmp_path / "no"), option, value]) == 1
        assert option in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_other_checkpoints_are_no_cross_encoders(checkpoint: Path, tmp_path: Path) -> None:
    assert is_cross_encoder(str(checkpoint))
    _config(checkpoint, architectures=["BertModel"])
    assert not is_cross_encoder(str(checkpoint))
    assert not is_cross_encoder(str(tmp_path))
