"""Which cases the reference fixtures hold, and the tensors of each case, made from its seed."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.qnet import ACTIVATIONS, QnetArchitecture
from hypershard_training.reference.counter_random import counter_tensor

DOCUMENTS = 8
DEPTHS = (1, 2, 4, 6)
#: (layer norm, before the residual); with the norm off its place means nothing.
LAYER_NORM_MODES = {"no-norm": (False, True), "norm-before": (True, True), "norm-after": (True, False)}
#: (residual, also on the last core layer)
RESIDUAL_MODES = {"no-residual": (False, False), "residual": (True, False), "residual-on-last": (True, True)}

FloatTensor = npt.NDArray[np.float32]


@dataclass(frozen=True)
class QnetCase:
    name: str
    seed: int
    architecture: QnetArchitecture


@dataclass(frozen=True)
class HyperHeadCase:
    name: str
    seed: int
    architecture: QnetArchitecture
    model_width: int
    #: [batch][tokens], 1 = token, 0 = padding
    mask: tuple[tuple[int, ...], ...]

    @property
    def tokens(self) -> int:
        return len(self.mask[0])


def qnet_cases() -> list[QnetCase]:
    """Every combination at width 64; at 384 and 768 a rotating subset with every mode of every kind at least twice."""
    architectures = [
        _no_core_layers(64, "relu", "no-norm", "no-residual"),
        _no_core_layers(64, "gelu", "norm-before", "residual"),
    ]
    for depth, activation, norm, residual in itertools.product(DEPTHS, ACTIVATIONS, LAYER_NORM_MODES, RESIDUAL_MODES):
        architectures.append(_uniform(64, depth, activation, norm, residual))
    for width in (384, 768):
        architectures.append(_no_core_layers(width, "relu", "no-norm", "no-residual"))
        architectures.extend(_rotating_subset(width))
    architectures.extend(_uneven_widths())
    return [QnetCase(name, 1000 * number, item) for number, (name, item) in enumerate(architectures, start=1)]


def qnet_tensors(case: QnetCase) -> tuple[FloatTensor, list[FloatTensor], list[FloatTensor]]:
    """Documents [8, width] (seed s), matrices (in, out) (seeds s+1+2j, scale sqrt(3/in)), biases (seeds s+2+2j, scale 0.1).

    The scale gives a matrix's elements variance 1/in, so scores keep the same size at every width.
    """
    shapes = case.architecture.matrix_shapes
    documents = counter_tensor(case.seed, (DOCUMENTS, shapes[0][0]), 1.0)
    matrices = [counter_tensor(case.seed + 1 + 2 * j, shape, math.sqrt(3 / shape[0])) for j, shape in enumerate(shapes)]
    biases = [counter_tensor(case.seed + 2 + 2 * j, (shape[1],), 0.1) for j, shape in enumerate(shapes[:-1])]
    return documents, matrices, biases


def hyper_head_cases() -> list[HyperHeadCase]:
    """Depths 0 to 3, batches with different padding, one text alone, and widths that are not all the same."""
    no_padding = ((1,) * 5,)
    two_texts = ((1,) * 6, (1, 1, 1, 0, 0, 0))
    three_texts = ((1, 1, 1, 1, 0, 0, 0), (1,) * 7, (1, 0, 0, 0, 0, 0, 0))
    left_padding = ((0, 0, 1, 1, 1), (1, 1, 1, 1, 1))
    rows = [
        ("depth-0-alone", (16, 1), 24, no_padding),
        ("depth-0-batch-2", (24, 1), 32, two_texts),
        ("depth-1-alone", (8, 8, 1), 24, no_padding),
        ("depth-1-batch-3", (16, 16, 1), 32, three_texts),
        ("depth-2-batch-2", (16, 16, 16, 1), 48, two_texts),
        ("depth-2-widths-differ", (24, 12, 8, 1), 40, three_texts),
        ("depth-2-left-padding", (8, 8, 8, 1), 24, left_padding),
        ("depth-3-alone", (24, 24, 24, 24, 1), 48, no_padding),
        ("depth-3-batch-3", (16, 16, 16, 16, 1), 48, three_texts),
    ]
    return [
        HyperHeadCase(name, 1000 * number, _hyper_architecture(widths), model_width, mask)
        for number, (name, widths, model_width, mask) in enumerate(rows, start=1)
    ]


def hyper_head_tensors(case: HyperHeadCase) -> tuple[FloatTensor, dict[str, FloatTensor]]:
    """Token states [batch, tokens, model width] (seed s, scale 1) and the head's parameters by name.

    Parameter p, in the order of ``hyper_head_parameter_shapes``, has seed s+1+p and scale 0.5; query embeddings have 2.0,
    so that attention is far from uniform.
    """
    states = counter_tensor(case.seed, (len(case.mask), case.tokens, case.model_width), 1.0)
    shapes = hyper_head_parameter_shapes(case.architecture, case.model_width)
    parameters = {
        name: counter_tensor(case.seed + 1 + p, shape, 2.0 if name.endswith("query_embedding") else 0.5)
        for p, (name, shape) in enumerate(shapes.items())
    }
    return states, parameters


def _architecture(widths: tuple[int, ...], activation: str, norm: str, residual: str) -> QnetArchitecture:
    layer_norm, before = LAYER_NORM_MODES[norm]
    on, on_last = RESIDUAL_MODES[residual]
    return QnetArchitecture(widths, activation, layer_norm, before, on, on_last)


def _uniform(width: int, depth: int, activation: str, norm: str, residual: str) -> tuple[str, QnetArchitecture]:
    widths = (width,) * (depth + 1) + (1,)
    return f"{width}-depth-{depth}-{activation}-{norm}-{residual}", _architecture(widths, activation, norm, residual)


def _no_core_layers(width: int, activation: str, norm: str, residual: str) -> tuple[str, QnetArchitecture]:
    """One matrix of (width, 1): an inner product. Activation, norm and residual have no layer to act on."""
    return _uniform(width, 0, activation, norm, residual)


def _rotating_subset(width: int) -> list[tuple[str, QnetArchitecture]]:
    norms, residuals = list(LAYER_NORM_MODES), list(RESIDUAL_MODES)
    return [
        _uniform(width, depth, activation, norms[(a + d) % 3], residuals[(a + 2 * d + a // 3) % 3])
        for d, depth in enumerate(DEPTHS)
        for a, activation in enumerate(ACTIVATIONS)
    ]


def _uneven_widths() -> list[tuple[str, QnetArchitecture]]:
    """Layers whose widths differ. A residual needs equal widths, so only the last core layer, left out of it, may narrow."""
    rows = [
        ((96, 64, 64, 1), "relu", "norm-before", "no-residual"),
        ((64, 64, 48, 1), "gelu", "norm-after", "residual"),
        ((48, 80, 24, 40, 1), "tanh", "no-norm", "no-residual"),
    ]
    return [("-".join(map(str, row[0])) + "-" + "-".join(row[1:]), _architecture(*row)) for row in rows]


def _hyper_architecture(widths: tuple[int, ...]) -> QnetArchitecture:
    """What the head generates depends on the widths alone; the rest is kept plain."""
    return QnetArchitecture(widths, "relu", layer_norm=True, residual=False)
