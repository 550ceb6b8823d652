"""A BERT that embeds texts is exported as its files, or the user, say; its weights may come out of an ONNX file."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from hypershard_training.__main__ import main
from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.dual_encoder import load_checkpoint, save_checkpoint
from hypershard_training.checkpoint.sentence_encoder import SentenceOptions, is_sentence_encoder, load_sentence_encoder
from hypershard_training.export.onnx_weights import read_onnx_bert, write_bert_folder
from hypershard_training.export.tiny_fixture import tiny_dual_encoder

PREFIX = "how are the rivers: "


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """A folder as transformers writes it."""
    model = tiny_dual_encoder()
    folder = tmp_path / "bert"
    weights = {name: value.numpy() for name, value in model.query.weights.items()}
    write_bert_folder(folder, model.query.settings, weights, model.tokenizer_json)
    return folder


def _write(folder: Path, name: str, content: object) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _describe(folder: Path, pooling: dict, modules: tuple[str, ...] = ("Transformer", "Pooling", "Normalize")) -> None:
    """The files of sentence-transformers."""
    listed = [{"idx": i, "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
              for i, kind in enumerate(modules)]  # fmt: skip
    _write(folder, "modules.json", listed)
    _write(folder, "1_Pooling/config.json", pooling)
    _write(folder, "config_sentence_transformers.json", {"prompts": {"query": PREFIX, "passage": ""}})
    _write(folder, "sentence_bert_config.json", {"max_seq_length": 40})


def test_the_export_says_what_the_model_s_own_files_say(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _describe(bert, {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "word_embedding_dimension": 24})
    out = tmp_path / "tiny-dense"
    assert main(["export", str(bert), "--out", str(out), "--max-query-tokens", "32"]) == 0, capsys.readouterr().err
    settings = json.loads((out / "model.json").read_text())
    assert settings["documentHead"] == {"pooling": "cls", "normalize": True}
    assert settings["hyperHead"] == {"kind": "pooled", "pooling": "cls", "normalize": True}
    assert settings["tokenizer"] == {
        "file": "tokenizer.json",
        "maxQueryTokens": 32,
        "maxDocumentTokens": 40,
        "queryPrefix": PREFIX,
    }


def test_the_user_s_word_counts_more_than_the_files(bert: Path) -> None:
    _describe(bert, {"pooling_mode": "mean"})
    given = SentenceOptions(pooling="cls", normalize=False, query_prefix="", document_prefix="the: ", query_tokens_max=9)
    model = load_sentence_encoder(str(bert), given)
    assert (model.query_pooling, model.document_pooling) == ("cls", "cls")
    assert (model.normalize_queries, model.normalize_documents) == (False, False)
    assert (model.query_prefix, model.document_prefix, model.query_tokens_max) == ("", "the: ", 9)
    plain = load_sentence_encoder(str(bert), SentenceOptions())
    assert (plain.query_pooling, plain.query_prefix, plain.document_tokens_max) == ("mean", PREFIX, 40)


def test_a_query_keeps_its_room_beside_the_prefix(bert: Path) -> None:
    model = load_sentence_encoder(str(bert), SentenceOptions(pooling="mean", query_prefix=PREFIX))
    prefix = len(Tokenizer.from_str(model.tokenizer_json).encode(PREFIX, add_special_tokens=False).ids)
    assert model.query_tokens_max == min(model.query.settings.positions, 64 + prefix)


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda folder: (folder / "modules.json").unlink(), "give --pooling"),
        (lambda folder: _describe(folder, {"pooling_mode_max_tokens": True}), "pools by pooling_mode_max_tokens"),
        (
            lambda folder: _describe(folder, {"pooling_mode": "cls"}, ("Transformer", "Pooling", "Dense")),
            "modules are Transformer, Pooling, Dense",
        ),
        (lambda folder: _write(folder, "config_sentence_transformers.json", {"prompts": {"query": 3}}), "is 3, no text"),
        (lambda folder: _write(folder, "config_sentence_transformers.json", {"prompts": {"query": "q:"}}), "white space at"),
        (lambda folder: _write(folder, "config_sentence_transformers.json", {"prompts": {"query": "a " * 60}}), "leaves a text"),
    ],
)
def test_what_cannot_be_exported_is_told(bert: Path, harm, problem: str) -> None:
    _describe(bert, {"pooling_mode": "cls"})
    load_sentence_encoder(str(bert), SentenceOptions())
    harm(bert)
    with pytest.raises(CheckpointError, match=problem):
        load_sentence_encoder(str(bert), SentenceOptions())


def test_a_pooling_is_refused_where_the_model_says_it_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_dual_encoder(), tmp_path / "checkpoint")
    assert not is_sentence_encoder(str(tmp_path / "checkpoint"))
    assert main(["export", str(tmp_path / "checkpoint"), "--out", str(tmp_path / "out"), "--pooling", "cls"]) == 1
    assert "--pooling" in capsys.readouterr().err


def test_prefixes_travel_with_a_checkpoint(tmp_path: Path) -> None:
    model = dataclasses.replace(tiny_dual_encoder(), query_prefix="the: ", document_prefix="a: ")
    save_checkpoint(model, tmp_path)
    read = load_checkpoint(tmp_path)
    assert (read.query_prefix, read.document_prefix) == ("the: ", "a: ")


def _as_onnx(path: Path, weights: dict[str, np.ndarray], heads: list[int], harm: str | None = None) -> None:
    """What PyTorch's exporter leaves of a BERT's names, in a graph of the nodes that tell more; it computes nothing."""
    stored, nodes = [], []
    for number, (name, value) in enumerate(weights.items()):
        if name == harm:
            continue
        if name.startswith("encoder.") and name.endswith(".weight") and "LayerNorm" not in name:
            stored.append(numpy_helper.from_array(np.ascontiguousarray(value.T), f"onnx::MatMul_{number}"))
            nodes.append(helper.make_node("MatMul", ["x", f"onnx::MatMul_{number}"], [f"product_{number}"]))
            bias = name.removesuffix("weight") + "bias"
            nodes.append(helper.make_node("Add", [bias, f"product_{number}"], [f"sum_{number}"]))
        else:
            stored.append(numpy_helper.from_array(value, name))
    constants = {"shape_a": np.array([heads[0]]), "shape_b": np.array([heads[1]]), "epsilon": np.array(1e-12, np.float32)}
    nodes += [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(own)) for name, own in constants.items()]
    nodes += [
        helper.make_node("Concat", ["x", "x", "shape_a", "shape_b"], ["shape"], axis=0),
        helper.make_node("Add", ["x", "epsilon"], ["variance"]),
        helper.make_node("Sqrt", ["variance"], ["deviation"]),
    ]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph(nodes, "bert", [value], [value], stored)), str(path))


def test_weights_come_back_out_of_an_onnx_file(tmp_path: Path) -> None:
    model = tiny_dual_encoder()
    weights = {name: value.numpy() for name, value in model.query.weights.items()}
    _as_onnx(tmp_path / "model.onnx", weights, [2, 12])
    settings, found = read_onnx_bert(tmp_path / "model.onnx")
    assert settings == model.query.settings
    assert list(found) == list(settings.tensor_shapes())
    for name, value in weights.items():
        assert np.array_equal(found[name], value), name


@pytest.mark.parametrize(
    ("harm", "heads", "problem"),
    [
        ("encoder.layer.1.output.dense.bias", [2, 12], "has no encoder.layer.1.output.dense"),
        ("encoder.layer.0.attention.self.key.weight", [2, 12], "has no encoder.layer.0.attention.self.key.weight"),
        ("embeddings.token_type_embeddings.weight", [2, 12], "has no embeddings.token_type_embeddings.weight"),
        (None, [5, 5], "how many heads"),
    ],
)
def test_an_onnx_file_that_lacks_something_is_told(tmp_path: Path, harm: str | None, heads: list[int], problem: str) -> None:
    weights = {name: value.numpy() for name, value in tiny_dual_encoder().query.weights.items()}
    _as_onnx(tmp_path / "model.onnx", weights, heads, harm)
    with pytest.raises(CheckpointError, match=problem):
        read_onnx_bert(tmp_path / "model.onnx")


def test_a_file_that_is_no_onnx_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no")
    with pytest.raises(CheckpointError, match="cannot be read as ONNX"):
        read_onnx_bert(tmp_path / "model.onnx")
