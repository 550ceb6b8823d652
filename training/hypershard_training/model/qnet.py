"""The q-net: the small network one query becomes, run on document vectors.

Semantics: Killingback, Zeng, Zamani, "Hypencoder" (SIGIR 2025, arXiv 2502.05364), section 3, in the form the authors
released (activation, layer norm without affine parameters, residual sum; the last matrix maps to the score without bias).
"""

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F

LAYER_NORM_EPSILON = 1e-5
LEAKY_SLOPE = 0.01

ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": lambda x: F.gelu(x, approximate="none"),
    "leaky_relu": lambda x: F.leaky_relu(x, LEAKY_SLOPE),
}


@dataclass(frozen=True)
class QnetArchitecture:
    """The part of a q-net that belongs to the model and not to the query. ``vector_dimensions`` ends with 1."""

    vector_dimensions: tuple[int, ...]
    activation: str = "relu"
    layer_norm: bool = True
    layer_norm_before_residual: bool = True
    residual: bool = True
    residual_on_last: bool = False

    def __post_init__(self) -> None:
        if len(self.vector_dimensions) < 2 or self.vector_dimensions[-1] != 1:
            raise ValueError(f"vector dimensions {self.vector_dimensions} do not go from a vector to one score")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation {self.activation} is none of {', '.join(ACTIVATIONS)}")
        if self.residual_on_last and not self.residual:
            raise ValueError("a residual on the last core layer needs residuals")
        for layer, (width_in, width_out) in enumerate(self.matrix_shapes[:-1]):
            if self.has_residual(layer) and width_in != width_out:
                raise ValueError(f"core layer {layer} adds its input of width {width_in} to an output of {width_out}")

    @property
    def matrix_shapes(self) -> list[tuple[int, int]]:
        """(in, out) of every weight matrix; the last one is (in, 1)."""
        widths = self.vector_dimensions
        return list(itertools.pairwise(widths))

    @property
    def core_layers(self) -> int:
        """Layers with bias and activation: all but the last matrix."""
        return len(self.vector_dimensions) - 2

    def has_residual(self, layer: int) -> bool:
        """Whether core layer ``layer`` adds its input. The last core layer does only when asked to."""
        return self.residual and (self.residual_on_last or layer < self.core_layers - 1)

    def to_json(self) -> dict:
        """The architecture as ``model.json`` and the fixtures spell it."""
        return {
            "vectorDimensions": list(self.vector_dimensions),
            "activation": self.activation,
            "layerNorm": self.layer_norm,
            "layerNormBeforeResidual": self.layer_norm_before_residual,
            "residual": self.residual,
            "residualOnLast": self.residual_on_last,
        }


def qnet_scores(
    architecture: QnetArchitecture,
    matrices: list[torch.Tensor],
    biases: list[torch.Tensor],
    documents: torch.Tensor,
) -> torch.Tensor:
    """Score ``documents`` [count, width] with one query's weights; returns [count].

    ``matrices[i]`` is (in, out), ``biases[i]`` is (out,); all of one dtype, which is the dtype computed in.
    """
    x = documents
    for layer in range(architecture.core_layers):
        y = ACTIVATIONS[architecture.activation](x @ matrices[layer] + biases[layer])
        if architecture.layer_norm and architecture.layer_norm_before_residual:
            y = _layer_norm(y)
        if architecture.has_residual(layer):
            y = y + x
        if architecture.layer_norm and not architecture.layer_norm_before_residual:
            y = _layer_norm(y)
        x = y
    return (x @ matrices[-1]).squeeze(-1)


def _layer_norm(x: torch.Tensor) -> torch.Tensor:
    """Mean 0 and variance 1 over the last dimension (population variance), without learned scale or shift."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + LAYER_NORM_EPSILON)
