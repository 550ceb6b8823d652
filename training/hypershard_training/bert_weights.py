"""Read a BERT encoder's weights from a safetensors file into the arrays the ONNX graph is built from."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

FloatTensor = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """y = x weight + bias, with weight (in, out): the transpose of ``torch.nn.Linear``."""

    weight: FloatTensor
    bias: FloatTensor


@dataclass(frozen=True)
class LayerNorm:
    scale: FloatTensor
    shift: FloatTensor


@dataclass(frozen=True)
class BertLayer:
    """One transformer layer; query, key and value stand side by side in one (hidden, 3 x hidden) matrix."""

    query_key_value: Linear
    attention_output: Linear
    attention_norm: LayerNorm
    intermediate: Linear
    output: Linear
    output_norm: LayerNorm


@dataclass(frozen=True)
class BertWeights:
    hidden: int
    heads: int
    layer_norm_epsilon: float
    #: (vocabulary, hidden)
    word_embeddings: FloatTensor
    #: (positions, hidden), with the embedding of token type 0 already added: hypershard encodes single texts
    position_embeddings: FloatTensor
    embedding_norm: LayerNorm
    layers: list[BertLayer]


def load_bert(folder: Path) -> BertWeights:
    """Read ``config.json`` and ``model.safetensors`` of a BERT with absolute positions and the erf GELU."""
    config = json.loads((folder / "config.json").read_text())
    _require(config, "model_type", "bert")
    _require(config, "hidden_act", "gelu")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"{folder}: only absolute position embeddings are supported")
    tensors = {name: value.astype(np.float32) for name, value in load_file(folder / "model.safetensors").items()}
    positions = tensors["embeddings.position_embeddings.weight"]
    return BertWeights(
        hidden=config["hidden_size"],
        heads=config["num_attention_heads"],
        layer_norm_epsilon=config["layer_norm_eps"],
        word_embeddings=tensors["embeddings.word_embeddings.weight"],
        position_embeddings=positions + tensors["embeddings.token_type_embeddings.weight"][0],
        embedding_norm=_layer_norm(tensors, "embeddings.LayerNorm"),
        layers=[_layer(tensors, f"encoder.layer.{i}") for i in range(config["num_hidden_layers"])],
    )


def _layer(tensors: dict[str, FloatTensor], prefix: str) -> BertLayer:
    parts = [_linear(tensors, f"{prefix}.attention.self.{name}") for name in ("query", "key", "value")]
    return BertLayer(
        query_key_value=Linear(
            np.ascontiguousarray(np.concatenate([part.weight for part in parts], axis=1)),
            np.concatenate([part.bias for part in parts]),
        ),
        attention_output=_linear(tensors, f"{prefix}.attention.output.dense"),
        attention_norm=_layer_norm(tensors, f"{prefix}.attention.output.LayerNorm"),
        intermediate=_linear(tensors, f"{prefix}.intermediate.dense"),
        output=_linear(tensors, f"{prefix}.output.dense"),
        output_norm=_layer_norm(tensors, f"{prefix}.output.LayerNorm"),
    )


def _linear(tensors: dict[str, FloatTensor], name: str) -> Linear:
    return Linear(np.ascontiguousarray(tensors[f"{name}.weight"].T), tensors[f"{name}.bias"])


def _layer_norm(tensors: dict[str, FloatTensor], name: str) -> LayerNorm:
    return LayerNorm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _require(config: dict, key: str, value: str) -> None:
    if config.get(key) != value:
        raise ValueError(f"config.json says {key} = {config.get(key)}; this exporter knows {value} only")
