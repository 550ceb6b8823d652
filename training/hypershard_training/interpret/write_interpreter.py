"""A tagger as the two files that stand beside a model's own: docs/formats/model.md."""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from hypershard_training.export.onnx_builder import FLOAT, OnnxBuilder, write_model
from hypershard_training.interpret.encode_texts import QueryEncoder
from hypershard_training.interpret.labels import Tag
from hypershard_training.interpret.tagger import Tagger
from hypershard_training.model.sentence_vectors import open_session
from hypershard_training.train.training_error import TrainingError

INTERPRETER_FORMAT = "hypershard.interpreter/1"
INTERPRETER_JSON, INTERPRETER_FILE = "interpreter.json", "interpreter.onnx"
#: Logarithms of probabilities; float32 against float32 gave 4e-6.
TOLERANCE = 1e-4


def write_interpreter(folder: Path, tagger: Tagger, encoder: QueryEncoder, *, threshold: float, source: str) -> None:
    """Write both files into the model directory ``folder``; the same tagger gives the same bytes."""
    with tempfile.TemporaryDirectory(prefix=".interpreter-", dir=folder) as work:
        file = Path(work) / INTERPRETER_FILE
        write_model(_graph(tagger, encoder.width), file)
        difference = measure_difference(file, tagger, encoder.width)
        # Written so that a NaN fails too.
        if not difference <= TOLERANCE:
            raise TrainingError(f"{folder}: the graph differs from PyTorch by {difference:.1e}; nothing was written")
        content = file.read_bytes()
        described = {
            "format": INTERPRETER_FORMAT,
            "source": source,
            "encoder": encoder.sha256,
            "threshold": threshold,
            "file": {"name": INTERPRETER_FILE, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
        }
        file.replace(folder / INTERPRETER_FILE)
    (folder / INTERPRETER_JSON).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


@torch.inference_mode()
def measure_difference(file: Path, tagger: Tagger, width: int) -> float:
    """Largest difference of the graph from PyTorch on made-up states."""
    states = np.random.default_rng(0).normal(size=(2, 17, width)).astype(np.float32)
    found = open_session(file, 1).run(["log_tags", "odds"], {"token_states": states})
    expected = tagger.eval()(torch.from_numpy(states))
    return max(float(np.abs(own - right.numpy()).max()) for own, right in zip(found, expected, strict=True))


def _graph(tagger: Tagger, width: int):
    builder, parameters = OnnxBuilder(), {name: value.detach().numpy() for name, value in tagger.state_dict().items()}
    hidden = tagger.gru.hidden_size
    by_time = builder.node("Transpose", ["token_states"], "by_time", perm=[1, 0, 2])
    gates = [builder.constant(f"gru.{kind}", _stacked(parameters, kind, hidden)) for kind in ("weight_ih", "weight_hh")]
    biases = np.concatenate([_stacked(parameters, kind, hidden) for kind in ("bias_ih", "bias_hh")], axis=1)
    attributes = {"hidden_size": hidden, "direction": "bidirectional", "linear_before_reset": 1}
    # [tokens, 2, texts, hidden]
    both = builder.node("GRU", [by_time, *gates, builder.constant("gru.bias", biases)], "gru", **attributes)
    by_text = builder.node("Transpose", [both], "by_text", perm=[2, 0, 1, 3])
    units = builder.node("Reshape", [by_text, builder.integers(0, 0, 2 * hidden)], "units")
    builder.node("LogSoftmax", [_linear(builder, units, parameters, "tags")], "log_tags", axis=-1)
    largest = builder.node("ReduceMax", [units, builder.integers(1)], "largest", keepdims=0)
    odds = _linear(builder, largest, parameters, "disjunction")
    builder.node("Squeeze", [odds, builder.integers(1)], "odds")
    inputs = {"token_states": (FLOAT, ["texts", "tokens", width])}
    return builder.model("interpreter", inputs, {"log_tags": (FLOAT, ["texts", "tokens", len(Tag)]), "odds": (FLOAT, ["texts"])})


def _stacked(parameters: dict, kind: str, hidden: int) -> np.ndarray:
    """Both directions; PyTorch's gates are reset, update, new where ONNX has update, reset, new."""
    directions = []
    for suffix in ("", "_reverse"):
        reset, update, new = np.split(parameters[f"gru.{kind}_l0{suffix}"], 3)
        assert len(reset) == hidden
        directions.append(np.concatenate([update, reset, new]))
    return np.stack(directions)


def _linear(builder: OnnxBuilder, x: str, parameters: dict, name: str) -> str:
    weight = builder.constant(f"{name}.weight", np.ascontiguousarray(parameters[f"{name}.weight"].T))
    product = builder.node("MatMul", [x, weight], f"{name}.matmul")
    return builder.node("Add", [product, builder.constant(f"{name}.bias", parameters[f"{name}.bias"])], f"{name}.sum")
