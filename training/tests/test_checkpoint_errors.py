"""A broken checkpoint is refused in one line that says what is wrong, where, and what to do; nothing is exported."""

import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file

from hypershard_training.__main__ import main
from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.dual_encoder import load_checkpoint, save_checkpoint
from hypershard_training.export.tiny_fixture import HIDDEN, tiny_dual_encoder
from hypershard_training.model.qnet import QnetArchitecture

WEIGHTS, BIN, INDEX = "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"
CONFIG, TOKENIZER = "config.json", "tokenizer.json"
BASE = "query_encoder.hyper_base_matrices.1"
WORDS = "query_encoder.transformer.embeddings.word_embeddings.weight"
LAST_DENSE = "query_encoder.transformer.encoder.layer.1.output.dense.bias"

#: Breaks the checkpoint in a folder.
Harm = Callable[[Path], object]
#: Parts that the message must have: what, where, and what to do.
Parts = tuple[str, ...]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the hub; every model is unknown to it."""

    def refuse(name: str, **_: object) -> str:
        raise OSError(f"no {name} in the cache,\nand the hub is not to be asked")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with nothing wrong; tests copy it."""
    folder = tmp_path_factory.mktemp("checkpoint") / "whole"
    save_checkpoint(tiny_dual_encoder(QnetArchitecture((HIDDEN, HIDDEN, HIDDEN, 1))), folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "broken"
    copy.mkdir()
    for path in whole.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def _tensors(change: Callable[[dict], object]) -> Harm:
    def harm(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)

    return harm


def _value(name: str, value: float) -> Harm:
    return _tensors(lambda tensors: tensors[name].view(-1)[3:5].fill_(value))


def _config(*path: str, value: object) -> Harm:
    """Set the member at ``path`` of config.json; ``...`` takes it out."""

    def harm(folder: Path) -> None:
        content = json.loads((folder / CONFIG).read_text())
        inner = content
        for name in path[:-1]:
            inner = inner[name]
        if value is ...:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        (folder / CONFIG).write_text(json.dumps(content))

    return harm


def _converter(name: str, value: object) -> Harm:
    return _config("query_encoder_kwargs", "converter_kwargs", name, value=value)


def _bert(name: str, value: object) -> Harm:
    return _config("hypershard", "transformers", "query", name, value=value)


def _write(name: str, content: str | bytes) -> Harm:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def _remove(*names: str) -> Harm:
    return lambda folder: [(folder / name).unlink() for name in names]


def _cut(name: str, share: float) -> Harm:
    """A download that broke off."""

    def harm(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return harm


def _as_bin(content: Callable[[dict], object]) -> Harm:
    def harm(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        torch.save(content(tensors), folder / BIN)

    return harm


def _cut_bin(folder: Path) -> None:
    _as_bin(dict)(folder)
    _cut(BIN, 0.6)(folder)


def _indexed(index: object) -> Harm:
    def harm(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
        (folder / INDEX).write_text(json.dumps(index))

    return harm


def _repeated_part(folder: Path) -> None:
    _indexed({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})(folder)
    save_file({BASE: torch.zeros(1)}, folder / "model-00002-of-00002.safetensors")


def _vocabulary(*tokens: str) -> Harm:
    """A tokenizer of nothing but ``vocab.txt``."""

    def harm(folder: Path) -> None:
        _remove(TOKENIZER)(folder)
        (folder / "vocab.txt").write_text("\n".join(tokens))

    return harm


def _unshared(folder: Path) -> None:
    content = json.loads((folder / CONFIG).read_text())
    _config("shared_encoder", value=False)(folder)
    _config("hypershard", "transformers", "document", value=content["hypershard"]["transformers"]["query"])(folder)


class _Code:
    """A pickle that would run a command."""

    def __reduce__(self) -> tuple:
        return os.system, ("echo code from a checkpoint ran",)


_TENSORS: dict[str, tuple[Harm, Parts]] = {
    "a missing tensor": (_tensors(lambda t: t.pop(BASE)), (WEIGHTS, f"tensor {BASE} is missing", "copy the file again")),
    "a missing layer": (_tensors(lambda t: t.pop(LAST_DENSE)), (WEIGHTS, f"tensor {LAST_DENSE} is missing")),
    "a misshapen tensor": (
        _tensors(lambda t: t.update({BASE: t[BASE][:, :, 1:].contiguous()})),
        (WEIGHTS, f"tensor {BASE} has shape [1, 24, 23] where [1, 24, 24] is expected", "check that weights"),
    ),
    "an unexpected tensor": (
        _tensors(lambda t: t.update({"query_encoder.extra": torch.zeros(1)})),
        (WEIGHTS, "tensor query_encoder.extra is no part of the model", "check that weights"),
    ),
    "a layer too many": (
        _bert("num_hidden_layers", 1),
        (WEIGHTS, "tensor query_encoder.transformer.encoder.layer.1.", "and 15 more is no part of the model"),
    ),
    "NaN": (_value(BASE, float("nan")), (WEIGHTS, f"tensor {BASE} has 2 NaN or infinite values", "use a checkpoint from before")),
    "infinity": (_value(WORDS, float("-inf")), (WEIGHTS, f"tensor {WORDS} has 2 NaN or infinite values")),
    "integers": (
        _tensors(lambda t: t.update({WORDS: t[WORDS].to(torch.int8)})),
        (WEIGHTS, f"tensor {WORDS} is of type int8", "save it as float32"),
    ),
    "complex numbers": (
        _tensors(lambda t: t.update({BASE: t[BASE].to(torch.complex64)})),
        (WEIGHTS, f"tensor {BASE} is of type complex64"),
    ),
    "encoders that differ though shared": (
        _tensors(lambda t: t.update({WORDS.replace("query", "passage"): t[WORDS] + 1})),
        (WEIGHTS, "shared_encoder is true, but passage_encoder.transformer.embeddings.word", "differ; set it to false"),
    ),
    "no document encoder though not shared": (
        _unshared,
        (WEIGHTS, "tensor passage_encoder.transformer.embeddings.word_embeddings.weight is missing"),
    ),
}
_FILES: dict[str, tuple[Harm, Parts]] = {
    "no weights": (_remove(WEIGHTS), ("broken: has no weights", WEIGHTS, "must be there")),
    "an empty weight file": (_write(WEIGHTS, b""), (WEIGHTS, "cannot be read", "copy it again")),
    "safetensors without an end": (_cut(WEIGHTS, 0.7), (WEIGHTS, "cannot be read", "copy it again")),
    "safetensors cut in the header": (_cut(WEIGHTS, 0.01), (WEIGHTS, "cannot be read", "copy it again")),
    "a header of another length": (_write(WEIGHTS, struct.pack("<Q", 1 << 60) + b"{}"), (WEIGHTS, "cannot be read")),
    "a page instead of weights": (_write(WEIGHTS, "<!DOCTYPE html>" * 9), (WEIGHTS, "cannot be read")),
    "a Git LFS pointer": (_write(WEIGHTS, "version https://git-lfs.github.com/spec/v1\n"), (WEIGHTS, "cannot be read")),
    "a bin without an end": (_cut_bin, (BIN, "cannot be read", "copy it again")),
    "code in a bin": (_as_bin(lambda t: {BASE: _Code()}), (BIN, "cannot be read")),
    "a bin of plain pickle": (
        lambda folder: (_remove(WEIGHTS)(folder), _write(BIN, pickle.dumps({"a": 1}, protocol=2))(folder)),
        (BIN, "cannot be read", "copy it again"),
    ),
    "a bin with more than weights": (_as_bin(lambda t: {"model": t, "step": 3}), (BIN, "model is no tensor", "state_dict alone")),
    "a bin with a list": (_as_bin(lambda t: list(t.values())), (BIN, "holds no dictionary", "state_dict alone")),
    "a bin with numbered tensors": (_as_bin(lambda t: t | {7: torch.zeros(1)}), (BIN, "7 is no name", "state_dict alone")),
    "a bin with a sparse tensor": (
        _as_bin(lambda t: t | {BASE: t[BASE].to_sparse()}),
        (BIN, f"tensor {BASE} is not stored densely"),
    ),
    "an index of a missing part": (
        _indexed({"weight_map": {"a": "model-00002-of-00002.safetensors"}}),
        ("model-00002-of-00002.safetensors: is missing", f"{INDEX} lists it", "copy the checkpoint again"),
    ),
    "an index without a map": (_indexed({}), (INDEX, "is no index", "copy the checkpoint again")),
    "an index of numbers": (_indexed({"weight_map": {"a": 1}}), (INDEX, "is no index")),
    "an index of nothing": (_indexed({"weight_map": {}}), (INDEX, "is no index")),
    "a tensor in two parts": (_repeated_part, ("model-00002-of-00002.safetensors", f"tensor {BASE} is in another file too")),
}
_CONFIG: dict[str, tuple[Harm, Parts]] = {
    "no config.json": (_remove(CONFIG), (f"{CONFIG}: is missing", "give the folder that save_pretrained wrote")),
    "an empty config.json": (_write(CONFIG, ""), (CONFIG, "cannot be read as JSON", "copy it again")),
    "half a config.json": (_cut(CONFIG, 0.5), (CONFIG, "cannot be read as JSON", "copy it again")),
    "a config.json in another encoding": (_write(CONFIG, b"\xff\xfe{"), (CONFIG, "cannot be read as JSON")),
    "a list for a config.json": (_write(CONFIG, "[]"), (CONFIG, "is no JSON object")),
    "a bottomless config.json": (_write(CONFIG, "[" * 100_000), (CONFIG, "cannot be read as JSON")),
    "another model's config.json": (
        _write(CONFIG, '{"model_type": "t5", "architectures": ["T5Model"]}'),
        (CONFIG, "has no query_encoder_kwargs"),
    ),
    "an unknown class": (
        _config("architectures", value=["ColbertEncoder"]),
        (CONFIG, "architectures is ['ColbertEncoder']", "known are HypencoderDualEncoder, TextDualEncoder"),
    ),
    "two classes": (_config("architectures", value=["HypencoderDualEncoder"] * 2), (CONFIG, "architectures is [")),
    "a class that is a number": (_config("architectures", value=5), (CONFIG, "architectures is 5", "known are")),
    "a class that is a word": (_config("architectures", value="H"), (CONFIG, "architectures is 'H'", "known are")),
    "no converter": (_config("query_encoder_kwargs", "converter_kwargs", value=...), (CONFIG, "has no converter_kwargs")),
    "an unknown converter option": (
        _converter("do_gating", True),
        (CONFIG, "converter_kwargs has do_gating", "update hypershard"),
    ),
    "an unknown activation": (
        _converter("activation_type", "swish"),
        (CONFIG, "converter_kwargs.activation_type is 'swish'", "known are relu, tanh"),
    ),
    "an activation that is a list": (_converter("activation_type", []), (CONFIG, "converter_kwargs.activation_type is []")),
    "a flag that is a word": (
        _converter("do_layer_norm", "false"),
        (CONFIG, "converter_kwargs.do_layer_norm is 'false'", "known are True, False"),
    ),
    "no widths": (_converter("vector_dimensions", ...), (CONFIG, "vector_dimensions must list widths", "mend the file")),
    "widths that end with 2": (_converter("vector_dimensions", [HIDDEN, 2]), (CONFIG, "converter_kwargs describe no q-net")),
    "a width below 1": (_converter("vector_dimensions", [HIDDEN, 0, 1]), (CONFIG, "vector_dimensions must list widths")),
    "residuals between unequal widths": (
        _converter("vector_dimensions", [HIDDEN, 12, 12, 1]),
        (CONFIG, "converter_kwargs describe no q-net", "mend the file"),
    ),
    "a q-net of another width": (
        _converter("vector_dimensions", [32, 32, 32, 1]),
        ("[32, 24] is expected", "key_projections.0.weight"),
    ),
    "an encoder of another width": (
        _config("query_encoder_kwargs", "base_encoder_output_dim", value=768),
        (CONFIG, "base_encoder_output_dim is 768, the transformer is 24 wide", "check --backbone"),
    ),
    "a width that is a word": (
        _config("query_encoder_kwargs", "base_encoder_output_dim", value="wide"),
        (CONFIG, "query_encoder_kwargs.base_encoder_output_dim is 'wide'"),
    ),
    "an unknown pooling": (_config("passage_encoder_kwargs", "pooling_type", value="max"), (CONFIG, "pooling_type is 'max'")),
    "a pooling that is an object": (_config("passage_encoder_kwargs", "pooling_type", value={}), (CONFIG, "pooling_type is {}")),
    "an unknown loss": (_config("loss_type", value=["hinge"]), (CONFIG, "loss_type is 'hinge'", "margin_mse")),
    "a loss that is a number": (_config("loss_type", value=5), (CONFIG, "loss_type is 5")),
    "no loss options": (_config("loss_kwargs", value=None), (CONFIG, "loss_kwargs is None")),
    "sharing that is a word": (_config("shared_encoder", value="false"), (CONFIG, "shared_encoder is 'false'")),
    "a backbone that is a number": (
        _config("query_encoder_kwargs", "model_name_or_path", value=5),
        (CONFIG, "query_encoder_kwargs.model_name_or_path is 5"),
    ),
    "another extension": (
        _config("hypershard", "format", value="x/2"),
        (CONFIG, "hypershard.format is not", "update hypershard"),
    ),
    "transformers that are a number": (_config("hypershard", "transformers", value=5), (CONFIG, "hypershard.transformers")),
    "a transformer that is a list": (
        _config("hypershard", "transformers", "query", value=[]),
        (CONFIG, "hypershard.transformers"),
    ),
    "too long a limit": (_config("hypershard", "maxQueryTokens", value=49), ("query_tokens_max is 49", "reads 3 to 48 tokens")),
    "a limit that is a word": (_config("hypershard", "maxQueryTokens", value="9"), ("query_tokens_max is 9",)),
}
_BERT: dict[str, tuple[Harm, Parts]] = {
    "another transformer": (_bert("model_type", "t5"), (CONFIG, "model_type = t5", "only BERT encoders")),
    "another activation": (_bert("hidden_act", "relu"), (CONFIG, "hidden_act = relu", "only BERT encoders")),
    "no size": (_bert("hidden_size", ...), (CONFIG, "has no number hidden_size")),
    "no heads": (_bert("num_attention_heads", 0), (CONFIG, "num_attention_heads", "must be")),
    "half a layer": (_bert("num_hidden_layers", 2.5), (CONFIG, "num_hidden_layers", "must be")),
    "a norm without epsilon": (_bert("layer_norm_eps", float("nan")), (CONFIG, "layer_norm_eps", "must be")),
}
_TOKENIZER: dict[str, tuple[Harm, Parts]] = {
    "no tokenizer": (_remove(TOKENIZER), ("tiny-bert: is no folder here and could not be fetched", "--backbone")),
    "an empty tokenizer": (_write(TOKENIZER, ""), (TOKENIZER, "cannot be read", "copy it again")),
    "half a tokenizer": (_cut(TOKENIZER, 0.5), (TOKENIZER, "cannot be read", "copy it again")),
    "a tokenizer of another form": (_write(TOKENIZER, '{"model": {"type": "Magic"}}'), (TOKENIZER, "cannot be read")),
    "a tokenizer in another encoding": (_write(TOKENIZER, b"\xff\xfe{}"), ("the tokenizer cannot be read", "copy it again")),
    "a larger tokenizer": (
        _vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(str, range(200))),
        ("tokenizer: has token id 203",),
    ),
    "a vocabulary without its own tokens": (_vocabulary("a", "b"), ("the tokenizer cannot be read", "copy it again")),
    "an empty vocabulary": (_vocabulary(), ("tokenizer",)),
}
_CASES = {**_TENSORS, **_FILES, **_CONFIG, **_BERT, **_TOKENIZER}


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize(("harm", "parts"), _CASES.values(), ids=_CASES.keys())
def test_a_broken_checkpoint_is_refused(folder: Path, tmp_path: Path, capsys, harm: Harm, parts: Parts) -> None:
    load_checkpoint(folder)
    harm(folder)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(folder)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert main(["export", str(folder), "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err == f"error: {' '.join(str(caught.value).split())}\n"
    assert len(printed.err) < 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken"]


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("not/a/hub/name", ("not/a/hub/name: is no folder", "give a checkpoint's folder or a model's name on the hub")),
        ("/nowhere/at/all", ("/nowhere/at/all: is no folder",)),
        ("../nowhere", ("../nowhere: is no folder",)),
        ("a name with spaces", ("is no folder",)),
        (
            "nobody/nothing",
            ("nobody/nothing: is no folder here and could not be fetched from the hub: no nobody", "give a folder"),
        ),
        (__file__, ("test_checkpoint_errors.py: is no folder",)),
    ],
)
def test_a_source_that_is_neither_folder_nor_name_is_refused(tmp_path: Path, capsys, source: str, parts: Parts) -> None:
    assert main(["export", source, "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and printed.startswith("error: ") and all(part in printed for part in parts), printed


@pytest.mark.parametrize("message", ["", "\n"])
def test_a_hub_that_fails_without_a_word_is_told(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(message)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(CheckpointError, match="could not be fetched from the hub: OSError"):
        load_checkpoint("nobody/nothing")


@pytest.mark.parametrize("name", [WEIGHTS, BIN])
def test_a_file_cut_or_changed_anywhere_is_read_or_refused(folder: Path, name: str) -> None:
    """Whatever bytes are there, nothing but a CheckpointError comes out."""
    if name == BIN:
        _as_bin(dict)(folder)
    content = (folder / name).read_bytes()
    places = [*range(0, 600, 23), *range(600, len(content), len(content) // 40), *range(len(content) - 900, len(content), 31)]
    for place in places:
        for broken in (content[:place], content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]):
            (folder / name).write_bytes(broken)
            try:
                load_checkpoint(folder)
            except CheckpointError as error:
                assert str(folder) in str(error)


def test_the_command_ends_with_one_line_and_no_traceback(folder: Path, tmp_path: Path) -> None:
    _cut(WEIGHTS, 0.7)(folder)
    command = [sys.executable, "-m", "hypershard_training", "export", str(folder), "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr.startswith(f"error: {folder / WEIGHTS}: cannot be read") and ended.stderr.count("\n") == 1
