"""The weights of a BERT that was exported to ONNX, written back as a checkpoint that ``export`` and the trainer read.

    python -m hypershard_training.export.onnx_weights MODEL.onnx --tokenizer TOKENIZER.json --out FOLDER

PyTorch's exporter keeps the names of embeddings, biases and layer norms; a linear layer's weight it transposes and gives a name of
no meaning. Such a weight is found by the bias that its product is added to. What decides the computation beside the weights, the
number of heads and the layer norm's epsilon, stands in the graph too. Nothing is written unless every weight is found.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.model.bert_weights import BertSettings

WORDS, POSITIONS, TYPES = (f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type"))


def read_onnx_bert(path: Path) -> tuple[BertSettings, dict[str, np.ndarray]]:
    """Settings and weights, by the names of ``BertSettings.tensor_shapes``. CheckpointError where the graph is no such BERT."""
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf raises nothing narrower
        raise CheckpointError(f"{path}: cannot be read as ONNX: {error}; copy it again") from error
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = _named(stored) | _linear_weights(graph, stored)
    missing = [name for name in (WORDS, POSITIONS, TYPES) if name not in weights]
    if missing:
        raise CheckpointError(f"{path}: has no {missing[0]}; only a BERT that PyTorch exported can be read")
    settings = _settings(path, graph, stored, weights)
    for name, shape in settings.tensor_shapes().items():
        if name not in weights:
            raise CheckpointError(f"{path}: has no {name}; only a BERT that PyTorch exported in float32 can be read")
        if weights[name].shape != shape or not np.isfinite(weights[name]).all():
            raise CheckpointError(f"{path}: {name} is {list(weights[name].shape)}, {list(shape)} finite values are needed")
    return settings, {name: np.ascontiguousarray(weights[name], np.float32) for name in settings.tensor_shapes()}


def write_bert_folder(folder: Path, settings: BertSettings, weights: dict[str, np.ndarray], tokenizer_json: str) -> None:
    """``config.json``, ``model.safetensors`` and ``tokenizer.json``, as transformers reads them; the same bytes on every run."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["BertModel"], **settings.to_config()}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")


def _named(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What kept its name, with or without the name of the model before it."""
    found = {}
    for name, value in stored.items():
        start = min((at for part in ("embeddings.", "encoder.layer.") if (at := name.find(part)) >= 0), default=-1)
        if start >= 0:
            found[name[start:]] = value
    return found


def _linear_weights(graph: onnx.GraphProto, stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights of linear layers, transposed as PyTorch has them: by the bias that is added to ``x weight``."""
    products = {
        node.output[0]: stored[node.input[1]] for node in graph.node if node.op_type == "MatMul" and node.input[1] in stored
    }
    found = {}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        bias = next((name for name in node.input if name in stored and name.endswith(".bias")), None)
        product = next((products[name] for name in node.input if name in products), None)
        if bias is not None and product is not None:
            found[bias.removesuffix(".bias") + ".weight"] = product.T
    return _named(found)


def _settings(path: Path, graph: onnx.GraphProto, stored: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> BertSettings:
    vocabulary, hidden = weights[WORDS].shape
    # By every name there is, so that a layer that lacks a weight is told and not left out.
    numbers = [int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")]
    constants = stored | {
        node.output[0]: numpy_helper.to_array(attribute.t)
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    return BertSettings(
        hidden=hidden,
        heads=_heads(path, graph, constants, hidden),
        layers=max(numbers, default=-1) + 1,
        intermediate=len(weights.get("encoder.layer.0.intermediate.dense.bias", ())),
        vocabulary=vocabulary,
        positions=len(weights[POSITIONS]),
        token_types=len(weights[TYPES]),
        layer_norm_epsilon=_epsilon(path, graph, constants),
    )


def _heads(path: Path, graph: onnx.GraphProto, constants: dict[str, np.ndarray], hidden: int) -> int:
    """From where a state [hidden] is divided into [heads, width of a head]: the last two of a shape, whole or joined of constants."""
    for node in graph.node:
        if node.op_type == "Concat":
            parts = [constants.get(name, np.zeros(0)).reshape(-1) for name in node.input[-2:]]
        elif node.op_type == "Reshape" and node.input[1] in constants:
            parts = [constants[node.input[1]].reshape(-1)[-2:]]
        else:
            continue
        ending = np.concatenate(parts).tolist()
        if len(ending) == 2 and ending[0] > 0 and ending[0] * ending[1] == hidden:
            return int(ending[0])
    raise CheckpointError(
        f"{path}: does not show how many heads its attention has; only a BERT that PyTorch exported can be read"
    )


def _epsilon(path: Path, graph: onnx.GraphProto, constants: dict[str, np.ndarray]) -> float:
    """Of the layer norms: an attribute of the operator, or what is added to the variance."""
    variances = {node.input[0] for node in graph.node if node.op_type == "Sqrt"}
    for node in graph.node:
        if node.op_type == "LayerNormalization":
            found = [attribute.f for attribute in node.attribute if attribute.name == "epsilon"]
        elif node.op_type == "Add" and node.output[0] in variances:
            found = [constants[name].item() for name in node.input if name in constants and constants[name].size == 1]
        else:
            continue
        if found:
            return float(f"{found[0]:.6g}")  # 1e-12 is stored as the nearest float32
    raise CheckpointError(f"{path}: does not show the epsilon of its layer norms; only a BERT that PyTorch exported can be read")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the ONNX file, in float32")
    parser.add_argument("--tokenizer", type=Path, required=True, help="its tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    arguments = parser.parse_args()
    try:
        settings, weights = read_onnx_bert(arguments.model)
        write_bert_folder(arguments.out, settings, weights, arguments.tokenizer.read_text(encoding="utf-8"))
    except (CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: BERT of {settings.layers} layers, width {settings.hidden}, {settings.heads} heads")
    return 0


if __name__ == "__main__":
    sys.exit(main())
