"""Ways to store and multiply the weights of a linear layer in an ONNX graph.

All of them give one row (token) the same result whatever other rows are in the batch: an activation is never quantised
with a scale taken over more than its own row. That is why onnxruntime's ``quantize_dynamic`` is not among them.
The two that quantise activations (``nbits``, ``int8-rows``) are still sensitive to rounding: a nudge of 1e-6, the size of
another CPU's summation order, flips roundings and moves a vector's values by up to 1e-2. ``int8-stored`` is not.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from hypershard_training.export.onnx_builder import FLOAT, MICROSOFT, OnnxBuilder
from hypershard_training.model.bert_weights import FloatTensor

#: (builder, name, input [batch, tokens, in], weight (in, out)) -> output [batch, tokens, out], the bias not yet added
LinearEncoding = Callable[[OnnxBuilder, str, str, FloatTensor], str]

TableStorage = Literal["float32", "float16", "int8"]

FLOAT16_MAX = 65504.0

#: Name of the int64 vector [batch, tokens, -1] every graph defines for encodings that work on flat rows.
ROWS_TO_TOKENS = "shape.rows_to_tokens"


def float32(builder: OnnxBuilder, name: str, x: str, weight: FloatTensor) -> str:
    """Plain float32 weights: the yardstick."""
    return builder.node("MatMul", [x, builder.constant(f"{name}.weight", weight)], f"{name}.matmul")


def float16_stored(builder: OnnxBuilder, name: str, x: str, weight: FloatTensor) -> str:
    """float16 in the file; onnxruntime folds the Cast at load, so it computes in float32. Any CPU runs it."""
    half = builder.constant(f"{name}.float16", to_float16(name, weight))
    return builder.node("MatMul", [x, builder.node("Cast", [half], f"{name}.weight", to=FLOAT)], f"{name}.matmul")


def int8_stored(builder: OnnxBuilder, name: str, x: str, weight: FloatTensor) -> str:
    """int8 in the file, a scale per output column; onnxruntime folds Cast and Mul at load, so it computes in float32."""
    quantized, scale = quantize_columns(weight)
    integers = builder.node("Cast", [builder.constant(f"{name}.int8", quantized)], f"{name}.cast", to=FLOAT)
    full = builder.node("Mul", [integers, builder.constant(f"{name}.scale", scale)], f"{name}.weight")
    return builder.node("MatMul", [x, full], f"{name}.matmul")


def matmul_n_bits(block: int) -> LinearEncoding:
    """onnxruntime's MatMulNBits with 8-bit weights, a scale per ``block`` inputs of a column, int8 arithmetic (level 4)."""

    def encode(builder: OnnxBuilder, name: str, x: str, weight: FloatTensor) -> str:
        width_in, width_out = weight.shape
        if width_in % block:
            raise ValueError(f"{name}: {width_in} inputs are no multiple of the block size {block}")
        blocks = weight.T.reshape(width_out, width_in // block, block)
        scale = _scale(np.abs(blocks).max(-1))
        quantized = (np.rint(blocks / scale[..., None]) + 128).astype(np.uint8)
        return builder.node(
            "MatMulNBits",
            [x, builder.constant(f"{name}.uint8", quantized), builder.constant(f"{name}.scale", scale.reshape(-1))],
            f"{name}.matmul",
            domain=MICROSOFT,
            K=width_in,
            N=width_out,
            bits=8,
            block_size=block,
            accuracy_level=4,
        )

    return encode


def int8_rows(builder: OnnxBuilder, name: str, x: str, weight: FloatTensor) -> str:
    """int8 times uint8 with one activation scale a row and one weight scale a column.

    With r = max|row| / 127: ``y = r * column scale * ((round(row / r) + 128) - 128) W_int8``. All the operators take
    rows one by one, so a row's result does not depend on its neighbours. The sums are exact on every CPU, those
    without 8-bit dot products included (``quantize_columns_unsaturated``).
    """
    quantized, scale = quantize_columns_unsaturated(weight)
    rows = builder.node("Reshape", [x, builder.integers(-1, weight.shape[0])], f"{name}.rows")
    largest = builder.node(
        "ReduceMax", [builder.node("Abs", [rows], f"{name}.abs"), builder.integers(1)], f"{name}.largest", keepdims=0
    )
    bounded = builder.node("Max", [largest, builder.scalar(1e-10, np.float32)], f"{name}.bounded")
    row_scale = builder.node("Mul", [bounded, builder.scalar(1 / 127, np.float32)], f"{name}.row_scale")
    zero_points = builder.node(
        "Expand",
        [builder.scalar(128, np.uint8), builder.node("Shape", [row_scale], f"{name}.row_count")],
        f"{name}.zero_points",
    )
    integers = builder.node("QuantizeLinear", [rows, row_scale, zero_points], f"{name}.quantized", axis=0)
    product = builder.node(
        "MatMulIntegerToFloat",
        [
            integers,
            builder.constant(f"{name}.int8", quantized),
            builder.scalar(1, np.float32),
            builder.constant(f"{name}.scale", scale),
            builder.scalar(128, np.uint8),
        ],
        f"{name}.product",
        domain=MICROSOFT,
    )
    column = builder.node("Unsqueeze", [row_scale, builder.integers(1)], f"{name}.row_scale_column")
    scaled = builder.node("Mul", [product, column], f"{name}.scaled")
    return builder.node("Reshape", [scaled, ROWS_TO_TOKENS], f"{name}.matmul")


LINEAR_ENCODINGS: dict[str, LinearEncoding] = {
    "float32": float32,
    "float16-stored": float16_stored,
    "int8-stored": int8_stored,
    "nbits-32": matmul_n_bits(32),
    "nbits-64": matmul_n_bits(64),
    "nbits-128": matmul_n_bits(128),
    "int8-rows": int8_rows,
}


#: How tables of embeddings are stored with an encoding; with those that are not named here, in int8 with a scale per row.
TABLE_STORAGE: dict[str, TableStorage] = {"float32": "float32", "float16-stored": "float16"}


def to_float16(name: str, values: FloatTensor) -> np.ndarray:
    """Round to float16; ValueError where a value is beyond its range, which ends at 65,504."""
    largest = float(np.abs(values).max(initial=0))
    if largest > FLOAT16_MAX:
        raise ValueError(f"{name} has a value of magnitude {largest:,.0f}, float16 ends at {FLOAT16_MAX:,.0f}")
    return values.astype(np.float16)


def quantize_columns(weight: FloatTensor) -> tuple[np.ndarray, FloatTensor]:
    """int8 (in, out) and a scale per column [out], symmetric: column = int8 * scale."""
    scale = _scale(np.abs(weight).max(0))
    return np.rint(weight / scale).astype(np.int8), scale


def quantize_columns_unsaturated(weight: FloatTensor) -> tuple[np.ndarray, FloatTensor]:
    """As ``quantize_columns``, such that no product of two neighbours overflows 16 bits whatever the activations are.

    x86 CPUs without VNNI multiply with ``vpmaddubsw``, which adds the products of inputs 2i and 2i+1 with 16-bit
    saturation. With activations up to 255, weights of one sign are safe when |w0| + |w1| <= 128, of two signs always.
    Unguarded int8 weights of MiniLM broke that for 4 pair sums in 100,000. A column's scale is the one with the least
    squared error after its unsafe pairs are made smaller.
    """
    largest = np.abs(weight).max(0)
    error = np.full(weight.shape[1], np.inf)
    quantized = np.zeros(weight.shape, dtype=np.int8)
    scale = np.ones(weight.shape[1], dtype=np.float32)
    for limit in range(64, 128):
        candidate_scale = np.where(largest > 0, largest / np.float32(limit), np.float32(1)).astype(np.float32)
        candidate = _shrink_unsafe_pairs(np.rint(weight / candidate_scale).astype(np.int32))
        candidate_error = np.square(candidate * candidate_scale.astype(np.float64) - weight).sum(0)
        better = candidate_error < error
        error[better] = candidate_error[better]
        quantized[:, better] = candidate[:, better]
        scale[better] = candidate_scale[better]
    return quantized, scale


def quantize_rows(table: FloatTensor) -> tuple[np.ndarray, FloatTensor]:
    """int8 (rows, width) and a scale per row (rows, 1), symmetric: for tables that are looked up row by row."""
    scale = _scale(np.abs(table).max(1, keepdims=True))
    return np.rint(table / scale).astype(np.int8), scale


def _scale(largest: FloatTensor) -> FloatTensor:
    """The scale that maps the largest magnitude to 127; 1 where everything is zero."""
    return np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)


def _shrink_unsafe_pairs(integers: np.ndarray) -> np.ndarray:
    """Take the excess of |w0| + |w1| over 128 from both halves of every pair of equal sign; int32 (in, out), in even."""
    pairs = integers.reshape(-1, 2, integers.shape[1])
    excess = np.maximum(np.abs(pairs).sum(1) - 128, 0) * (pairs[:, 0] * pairs[:, 1] > 0)
    taken = np.stack([(excess + 1) // 2, excess // 2], axis=1)
    return (pairs - np.sign(pairs) * taken).reshape(integers.shape)
