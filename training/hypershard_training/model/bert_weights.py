"""A BERT encoder's settings and weights, as the arrays that the ONNX graph is built from."""

import json
from collections.abc import Mapping
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
    #: (positions, hidden), with the embedding of token type 0 already added, which a single text has everywhere
    position_embeddings: FloatTensor
    embedding_norm: LayerNorm
    layers: list[BertLayer]


@dataclass(frozen=True)
class BertSettings:
    """What of a BERT's ``config.json`` decides its computation and the shapes of its weights."""

    hidden: int
    heads: int
    layers: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_epsilon: float

    def to_config(self) -> dict:
        """The settings as ``config.json`` spells them."""
        return {"model_type": "bert", "hidden_act": "gelu"} | {key: getattr(self, name) for name, key in _CONFIG_KEYS.items()}

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names, as of ``transformers.BertModel``, and shapes of all weights that token states are computed with."""
        hidden, inner = self.hidden, self.intermediate
        shapes: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocabulary, hidden),
            "embeddings.position_embeddings.weight": (self.positions, hidden),
            "embeddings.token_type_embeddings.weight": (self.token_types, hidden),
            **_norm_shapes("embeddings.LayerNorm", hidden),
        }
        for prefix in (f"encoder.layer.{i}" for i in range(self.layers)):
            for name in ("query", "key", "value"):
                shapes |= _linear_shapes(f"{prefix}.attention.self.{name}", hidden, hidden)
            shapes |= _linear_shapes(f"{prefix}.attention.output.dense", hidden, hidden)
            shapes |= _norm_shapes(f"{prefix}.attention.output.LayerNorm", hidden)
            shapes |= _linear_shapes(f"{prefix}.intermediate.dense", hidden, inner)
            shapes |= _linear_shapes(f"{prefix}.output.dense", inner, hidden)
            shapes |= _norm_shapes(f"{prefix}.output.LayerNorm", hidden)
        return shapes


_CONFIG_KEYS = {
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "layers": "num_hidden_layers",
    "intermediate": "intermediate_size",
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "token_types": "type_vocab_size",
    "layer_norm_epsilon": "layer_norm_eps",
}


def read_bert_settings(config: dict) -> BertSettings:
    """The settings in a ``config.json`` of a BERT with absolute positions and the erf GELU; ValueError for any other model."""
    _require(config, "model_type", "bert")
    _require(config, "hidden_act", "gelu")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError("only absolute position embeddings are supported")
    if config.get("is_decoder") or config.get("add_cross_attention"):
        raise ValueError("it describes a decoder; only encoders are supported")
    missing = [key for key in _CONFIG_KEYS.values() if not isinstance(config.get(key), int | float)]
    if missing:
        raise ValueError(f"config.json has no number {missing[0]}")
    settings = BertSettings(**{name: config[key] for name, key in _CONFIG_KEYS.items()})
    if settings.hidden % settings.heads:
        raise ValueError(f"hidden_size {settings.hidden} is no multiple of num_attention_heads {settings.heads}")
    return settings


def load_bert(folder: Path) -> BertWeights:
    """Read ``config.json`` and ``model.safetensors`` of a BERT with absolute positions and the erf GELU."""
    settings = read_bert_settings(json.loads((folder / "config.json").read_text()))
    return bert_weights(settings, load_file(folder / "model.safetensors"))


def bert_weights(settings: BertSettings, stored: Mapping[str, npt.NDArray]) -> BertWeights:
    """Arrange the tensors named in ``BertSettings.tensor_shapes`` for the graph; others are left out."""
    tensors = {name: stored[name].astype(np.float32) for name in settings.tensor_shapes()}
    positions = tensors["embeddings.position_embeddings.weight"]
    return BertWeights(
        hidden=settings.hidden,
        heads=settings.heads,
        layer_norm_epsilon=settings.layer_norm_epsilon,
        word_embeddings=tensors["embeddings.word_embeddings.weight"],
        position_embeddings=positions + tensors["embeddings.token_type_embeddings.weight"][0],
        embedding_norm=_layer_norm(tensors, "embeddings.LayerNorm"),
        layers=[_layer(tensors, f"encoder.layer.{i}") for i in range(settings.layers)],
    )


def _linear_shapes(name: str, width_in: int, width_out: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width_out, width_in), f"{name}.bias": (width_out,)}


def _norm_shapes(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


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
