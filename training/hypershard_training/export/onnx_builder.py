"""A thin writer of ONNX graphs: nodes and initialisers in the order they are added, so the same input gives the same bytes."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
IR_VERSION = 10
MICROSOFT = "com.microsoft"


class OnnxBuilder:
    """Collects nodes and initialisers; every name is derived from the caller's, never from a counter or an address."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constants: dict[tuple, str] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add an initialiser and return its name."""
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, value: float, dtype: type) -> str:
        """A 0-dimensional constant, shared between its users."""
        return self._shared(np.array(value, dtype=dtype))

    def integers(self, *values: int) -> str:
        """A 1-dimensional int64 constant (shapes, axes), shared between its users."""
        return self._shared(np.array(values, dtype=np.int64))

    def node(self, op: str, inputs: Sequence[str], name: str, *, outputs: int = 1, domain: str = "", **attributes):
        """Add a node called ``name``; returns its output's name, or a list of them when there are several."""
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(op, list(inputs), names, name=name, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def model(self, name: str, inputs: dict[str, tuple], outputs: dict[str, tuple]) -> onnx.ModelProto:
        """The finished model; ``inputs`` and ``outputs`` map a name to (element type, dimensions)."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, *value) for key, value in inputs.items()],
            [helper.make_tensor_value_info(key, *value) for key, value in outputs.items()],
            self._initializers,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="hypershard")

    def _shared(self, value: np.ndarray) -> str:
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._constants:
            digits = "_".join(map(str, value.flatten().tolist())) or "empty"
            self._constants[key] = self.constant(f"constant.{value.dtype.name}.{value.ndim}d.{digits}", value)
        return self._constants[key]


def write_model(model: onnx.ModelProto, path) -> None:
    """Serialise with a fixed field order: the same graph is the same bytes on every run."""
    path.write_bytes(model.SerializeToString(deterministic=True))


FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
