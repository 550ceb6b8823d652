"""Vectors and q-nets of the caller's, as numpy has them and as they are sent."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from hypershard._answer import Answer
from hypershard._errors import InvalidCall

if TYPE_CHECKING:
    import numpy

Base64 = str | bytes
"""Bytes, or base64 of them."""
Vector = Union[Sequence[float], str, bytes, "numpy.ndarray"]
"""
One vector: an array of numpy (or what numpy can read, as a tensor of PyTorch on the CPU), which is sent as base64 with
its precision; bytes of f32 or f16, little-endian; a list of numbers; or base64 itself. Of bytes and base64 the length
tells which precision they are.
"""


class VectorAnswer(Answer):
    """The vector of a document."""

    def to_numpy(self) -> numpy.ndarray:
        """Its numbers, as float32, which is what they are in the index."""
        import numpy

        values: list[float] | str = getattr(self, "values")  # noqa: B009
        if isinstance(values, str):
            return numpy.frombuffer(base64.b64decode(values), dtype="<f4").astype(numpy.float32)
        return numpy.array(values, dtype=numpy.float32)


def to_wire(vector: object) -> object:
    """A `vector` of a document or of a search, as JSON can have it."""
    if isinstance(vector, Mapping):
        # Of a model: {"model": digest, "values": …}; an array brings its precision along.
        values = to_wire(vector.get("values"))
        return {**vector, **values} if isinstance(values, dict) else {**vector, "values": values}
    if isinstance(vector, (bytes, bytearray, memoryview)):
        return to_base64(vector)
    if hasattr(vector, "__array__"):
        data, precision = _to_little_endian(vector, ndim=1)
        return {"values": to_base64(data), "precision": precision}
    return vector


def expression_to_wire(node: object) -> object:
    """The `query` of a search: of one that is composed, with the vectors of its leaves."""
    if isinstance(node, (list, tuple)):
        return [expression_to_wire(inner) for inner in node]
    if not isinstance(node, Mapping):
        return node
    wire = {name: expression_to_wire(inner) if name in ("any", "all", "not") else inner for name, inner in node.items()}
    return {**wire, "vector": to_wire(node["vector"])} if "vector" in node else wire


def to_base64(data: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(data).decode("ascii")


def qnet_of_layers(layers: Sequence[tuple[Any, Any]], **members: str) -> dict[str, object]:
    """
    The `qnet` of a search, of the matrices and biases of its layers. A matrix is [in, out]: PyTorch's `nn.Linear` keeps
    [out, in], so give `linear.weight.detach().T`. The last layer gives one score and has no bias, None.

    Args:
        layers: (matrix, bias), from the document's vector to the score
        members: further ones of `qnet`, as `model`
    """
    if len(layers) == 0:
        raise InvalidCall("layers: there are none; give at least the last one, a matrix of [width, 1]")
    parts = []
    for number, (matrix, bias) in enumerate(layers):
        is_last = number == len(layers) - 1
        if (bias is None) != is_last:
            raise InvalidCall(f"layers.{number}: {'the last layer has no bias' if is_last else 'has no bias'}")
        parts.append(_to_little_endian(matrix, ndim=2, single=True)[0])
        if bias is not None:
            parts.append(_to_little_endian(bias, ndim=1, single=True)[0])
    return {"weights": b"".join(parts), **members}


def _to_little_endian(value: Any, ndim: int, single: bool = False) -> tuple[bytes, str]:
    """Halves stay halves, unless all is to be single; every other number is sent as f32."""
    import numpy

    array = numpy.asarray(value)
    if array.dtype.kind not in "fiu":
        raise InvalidCall(f"an array of {array.dtype} is no vector; give float32 or float16")
    if array.ndim != ndim:
        raise InvalidCall(f"an array of shape {array.shape} is none of {ndim} dimension{'' if ndim == 1 else 's'}")
    half = array.dtype == numpy.float16 and not single
    return numpy.ascontiguousarray(array, dtype="<f2" if half else "<f4").tobytes(), "f16" if half else "f32"
