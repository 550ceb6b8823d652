"""The hyper-head: token states of a query in, the weights of its q-net out.

Source: arXiv 2502.05364, section 3.2, with the shapes and the divisor of the released code. For one weight matrix of
shape (in, out), token states S [tokens, model width] and a learned query embedding E (out, in):

    K = S key^T + key_bias          V = S value^T + value_bias          both [tokens, in]
    C = softmax(E K^T / sqrt(out)) V                                    [out, in], padding masked out
    W = (linear(layernorm(relu(C))) + base)^T                           [in, out]

The divisor is the *out* dimension. A bias of width ``w`` is made the same way as a matrix of shape (w, 1): its key and
value projections have w outputs, its query embedding and base are (1, w) and its divisor is sqrt(1).
"""

import math

import torch

from hypershard_training.model.qnet import LAYER_NORM_EPSILON, QnetArchitecture

#: Parameter tensors of one generated matrix or bias, in file and seed order.
PARAMETER_NAMES = (
    "key.weight",
    "key.bias",
    "value.weight",
    "value.bias",
    "query_embedding",
    "projection.weight",
    "projection.bias",
    "base",
)


def hyper_head_parameter_shapes(architecture: QnetArchitecture, model_width: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of every parameter of the head, in order: ``matrices.<i>.*`` first, then ``biases.<i>.*``.

    The names are those of the safetensors file; linear weights are (outputs, inputs), as in ``torch.nn.Linear``.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix, width_in, width_out in _generated_tensors(architecture):
        dimensions = {
            "key.weight": (width_in, model_width),
            "key.bias": (width_in,),
            "value.weight": (width_in, model_width),
            "value.bias": (width_in,),
            "query_embedding": (width_out, width_in),
            "projection.weight": (width_in, width_in),
            "projection.bias": (width_in,),
            "base": (width_out, width_in),
        }
        shapes.update({f"{prefix}.{name}": dimensions[name] for name in PARAMETER_NAMES})
    return shapes


def generate_qnet(
    architecture: QnetArchitecture,
    parameters: dict[str, torch.Tensor],
    token_states: torch.Tensor,
    mask: torch.Tensor,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Token states [batch, tokens, model width] and mask [batch, tokens] (1 = token, 0 = padding) to q-net weights.

    Returns matrices [batch, in, out] and biases [batch, width], one of each per layer.
    """
    matrices: list[torch.Tensor] = []
    biases: list[torch.Tensor] = []
    for prefix, _, width_out in _generated_tensors(architecture):
        own = {name: parameters[f"{prefix}.{name}"] for name in PARAMETER_NAMES}
        generated = _generate(own, token_states, mask, math.sqrt(width_out))
        if prefix.startswith("matrices."):
            matrices.append(generated)
        else:
            biases.append(generated.squeeze(-1))
    return matrices, biases


def _generate(own: dict[str, torch.Tensor], states: torch.Tensor, mask: torch.Tensor, divisor: float) -> torch.Tensor:
    keys = states @ own["key.weight"].T + own["key.bias"]
    values = states @ own["value.weight"].T + own["value.bias"]
    logits = own["query_embedding"] @ keys.transpose(1, 2) / divisor
    attention = logits.masked_fill(mask[:, None, :] == 0, -math.inf).softmax(-1)
    context = torch.relu(attention @ values)
    normal = torch.nn.functional.layer_norm(context, context.shape[-1:], eps=LAYER_NORM_EPSILON)
    projected = normal @ own["projection.weight"].T + own["projection.bias"] + own["base"]
    return projected.transpose(1, 2)


def _generated_tensors(architecture: QnetArchitecture) -> list[tuple[str, int, int]]:
    """(prefix, in, out) of everything the head generates; a bias of width w counts as a matrix of shape (w, 1)."""
    matrices = [(f"matrices.{i}", a, b) for i, (a, b) in enumerate(architecture.matrix_shapes)]
    biases = [(f"biases.{i}", b, 1) for i, (_, b) in enumerate(architecture.matrix_shapes[:-1])]
    return matrices + biases
