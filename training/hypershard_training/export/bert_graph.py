"""Build a BERT encoder as an ONNX graph of onnxruntime's fused operators.

The graph is written node by node instead of traced from PyTorch: fused operators need no pattern to be found,
the file is the same bytes on every run, and how a linear layer is stored is one argument.
"""

import onnx

from hypershard_training.export.linear_encodings import (
    LINEAR_ENCODINGS,
    ROWS_TO_TOKENS,
    TABLE_STORAGE,
    LinearEncoding,
    TableStorage,
    quantize_rows,
    to_float16,
)
from hypershard_training.export.onnx_builder import FLOAT, INT32, INT64, MICROSOFT, OnnxBuilder
from hypershard_training.model.bert_weights import BertLayer, BertWeights, FloatTensor, LayerNorm, Linear

GRAPH_NAME = "hypershard-encoder"


def bert_graph(weights: BertWeights, encoding: str) -> onnx.ModelProto:
    """``input_ids`` and ``attention_mask`` (int64 [batch, tokens]) to ``token_states`` (float32 [batch, tokens, hidden]).

    ``encoding`` is a name of ``LINEAR_ENCODINGS``; ValueError where weights do not fit it.
    """
    builder = OnnxBuilder()
    add_encoder(builder, weights, encoding, last="token_states")
    dimensions = ("batch", "tokens")
    return builder.model(
        GRAPH_NAME,
        {"input_ids": (INT64, dimensions), "attention_mask": (INT64, dimensions)},
        {"token_states": (FLOAT, (*dimensions, weights.hidden))},
    )


def add_encoder(builder: OnnxBuilder, weights: BertWeights, encoding: str, *, last: str, added: str | None = None) -> str:
    """The nodes from ``input_ids`` and ``attention_mask`` to the token states, which are called ``last``; returns that.

    ``added`` names what is added to the embeddings of words and positions, if anything.
    """
    encode = LINEAR_ENCODINGS[encoding]
    token_shape = builder.node("Shape", ["input_ids"], "shape.tokens")
    builder.node("Concat", [token_shape, builder.integers(-1)], ROWS_TO_TOKENS, axis=0)
    mask = builder.node("Cast", ["attention_mask"], "mask", to=INT32)
    x = _embeddings(builder, weights, TABLE_STORAGE.get(encoding, "int8"), added)
    for number, layer in enumerate(weights.layers):
        is_last = number == len(weights.layers) - 1
        x = _layer(builder, weights, encode, layer, x, mask, f"layer.{number}", last if is_last else None)
    return x


def _embeddings(builder: OnnxBuilder, weights: BertWeights, storage: TableStorage, added: str | None) -> str:
    tokens = builder.node("Shape", ["input_ids"], "shape.length", start=1, end=2)
    start, axis = builder.integers(0), builder.integers(0)

    def positions(table: str, name: str) -> str:
        return builder.node("Slice", [table, start, tokens, axis], name)

    def words(table: str, name: str) -> str:
        return builder.node("Gather", [table, "input_ids"], name, axis=0)

    word = _look_up(builder, "embeddings.word", weights.word_embeddings, words, storage)
    position = _look_up(builder, "embeddings.position", weights.position_embeddings, positions, storage)
    total = builder.node("Add", [word, position], "embeddings.sum")
    if added is not None:
        total = builder.node("Add", [total, added], "embeddings.typed")
    return _layer_norm(builder, weights.embedding_norm, total, "embeddings.norm", "embeddings.output", weights)


def _look_up(builder: OnnxBuilder, name: str, table: FloatTensor, look_up, storage: TableStorage) -> str:
    """Rows of a table. A small table is looked up first and widened after, so it is never unpacked as a whole."""
    if storage == "float32":
        return look_up(builder.constant(f"{name}.table", table), name)
    if storage == "float16":
        half = builder.constant(f"{name}.float16", to_float16(name, table))
        return builder.node("Cast", [look_up(half, f"{name}.rows")], name, to=FLOAT)
    quantized, scale = quantize_rows(table)
    rows = look_up(builder.constant(f"{name}.int8", quantized), f"{name}.rows")
    scales = look_up(builder.constant(f"{name}.scale", scale), f"{name}.row_scale")
    return builder.node("Mul", [builder.node("Cast", [rows], f"{name}.cast", to=FLOAT), scales], name)


def _layer(
    builder: OnnxBuilder,
    weights: BertWeights,
    encode: LinearEncoding,
    layer: BertLayer,
    x: str,
    mask: str,
    name: str,
    output_name: str | None,
) -> str:
    attended = _attention(builder, weights, encode, layer, x, mask, f"{name}.attention")
    x = _linear_residual_norm(
        builder, weights, encode, layer.attention_output, layer.attention_norm, attended, x, f"{name}.attention_output"
    )
    inner = encode(builder, f"{name}.intermediate", x, layer.intermediate.weight)
    bias = builder.constant(f"{name}.intermediate.bias", layer.intermediate.bias)
    inner = builder.node("BiasGelu", [inner, bias], f"{name}.intermediate.gelu", domain=MICROSOFT)
    return _linear_residual_norm(
        builder, weights, encode, layer.output, layer.output_norm, inner, x, f"{name}.output", output_name
    )


def _attention(
    builder: OnnxBuilder, weights: BertWeights, encode: LinearEncoding, layer: BertLayer, x: str, mask: str, name: str
) -> str:
    """Multi-head attention; padding gets -10,000 before the softmax, which is exactly 0 after it."""
    product = encode(builder, f"{name}.query_key_value", x, layer.query_key_value.weight)
    parts = builder.node("Split", [product], f"{name}.split", outputs=3, axis=-1, num_outputs=3)
    bias = builder.constant(f"{name}.query_key_value.bias", layer.query_key_value.bias)
    return builder.node("MultiHeadAttention", [*parts, bias, mask], f"{name}.heads", domain=MICROSOFT, num_heads=weights.heads)


def _linear_residual_norm(
    builder: OnnxBuilder,
    weights: BertWeights,
    encode: LinearEncoding,
    linear: Linear,
    norm: LayerNorm,
    x: str,
    residual: str,
    name: str,
    output_name: str | None = None,
) -> str:
    """layernorm(linear(x) + bias + residual).

    ``Sum`` and not the fused SkipLayerNormalization, nor ``Add`` that would be fused into it at load: on the CPU the
    fused operator is one scalar loop and took 24 ms where Sum and LayerNormalization take 9 (16 x 128 tokens, 2 cores).
    """
    product = encode(builder, name, x, linear.weight)
    bias = builder.constant(f"{name}.bias", linear.bias)
    total = builder.node("Sum", [product, residual, bias], f"{name}.sum")
    return _layer_norm(builder, norm, total, f"{name}.norm", output_name or f"{name}.normalized", weights)


def _layer_norm(builder: OnnxBuilder, norm: LayerNorm, x: str, name: str, output_name: str, weights: BertWeights) -> str:
    scale, shift = builder.constant(f"{name}.scale", norm.scale), builder.constant(f"{name}.shift", norm.shift)
    return builder.node("LayerNormalization", [x, scale, shift], output_name, axis=-1, epsilon=weights.layer_norm_epsilon)
