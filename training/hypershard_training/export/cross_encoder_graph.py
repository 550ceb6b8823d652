"""Build a BERT cross-encoder as an ONNX graph: the encoder of ``bert_graph`` with token types, its pooler and its one logit."""

from dataclasses import dataclass

import numpy as np
import onnx

from hypershard_training.export.bert_graph import add_encoder
from hypershard_training.export.onnx_builder import FLOAT, INT64, OnnxBuilder
from hypershard_training.model.bert_weights import BertWeights, FloatTensor, Linear

GRAPH_NAME = "hypershard-cross-encoder"
#: The one logit stands among columns of zeros: a product with one column takes a kernel whose sums depend on the batch.
COLUMNS = 16


@dataclass(frozen=True)
class PairHead:
    #: (token types, hidden)
    type_embeddings: FloatTensor
    pooler: Linear
    #: (hidden, 1)
    classifier: Linear


def cross_encoder_graph(weights: BertWeights, head: PairHead, encoding: str) -> onnx.ModelProto:
    """``input_ids``, ``attention_mask`` and ``token_type_ids`` (int64 [batch, tokens]) to ``scores`` (float32 [batch]).

    ``weights.position_embeddings`` have the embedding of type 0 in them. The head is float32 whatever the encoding.
    """
    builder = OnnxBuilder()
    states = add_encoder(builder, weights, encoding, added=_type_shift(builder, head.type_embeddings), last="states")
    first = _column(builder, states, "first")
    pooled = builder.node("Tanh", [_linear(builder, "pooler", first, head.pooler)], "pooled")
    wide = Linear(_widened(head.classifier.weight), _widened(head.classifier.bias[None])[0])
    logits = _linear(builder, "classifier", pooled, wide)
    _column(builder, logits, "scores")
    dimensions = ("batch", "tokens")
    inputs = {name: (INT64, dimensions) for name in ("input_ids", "attention_mask", "token_type_ids")}
    return builder.model(GRAPH_NAME, inputs, {"scores": (FLOAT, ("batch",))})


def _type_shift(builder: OnnxBuilder, types: FloatTensor) -> str:
    """What type 1 adds beyond type 0, at the tokens of the text alone."""
    column = builder.node("Unsqueeze", ["token_type_ids", builder.integers(-1)], "types.column")
    ones = builder.node("Cast", [column], "types.float", to=FLOAT)
    return builder.node("Mul", [ones, builder.constant("types.shift", types[1] - types[0])], "types.embedding")


def _column(builder: OnnxBuilder, x: str, name: str) -> str:
    """The first of axis 1, which is gone then."""
    kept = builder.node("Gather", [x, builder.integers(0)], f"{name}.kept", axis=1)
    return builder.node("Squeeze", [kept, builder.integers(1)], name)


def _linear(builder: OnnxBuilder, name: str, x: str, linear: Linear) -> str:
    product = builder.node("MatMul", [x, builder.constant(f"{name}.weight", linear.weight)], f"{name}.matmul")
    return builder.node("Add", [product, builder.constant(f"{name}.bias", linear.bias)], f"{name}.sum")


def _widened(columns: FloatTensor) -> FloatTensor:
    return np.pad(columns, ((0, 0), (0, COLUMNS - columns.shape[1])))

