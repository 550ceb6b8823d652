"""The hyper-head as a trainable module, and the batched q-net that its weights make.

The formulas are those of ``model/hyper_head.py`` and ``model/qnet.py``, which are the reference and stay plain; here the large products run
in bfloat16 where asked. ``state_dict()`` has exactly the names and shapes of ``hyper_head_parameter_shapes``.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from hypershard_training.model.qnet import ACTIVATIONS, LAYER_NORM_EPSILON, QnetArchitecture

Initialisation = Literal["dense", "published"]

#: Added to the values of the last matrix so that relu passes token states whole; the layer norm after it takes it away again.
#: The states of all-MiniLM-L6-v2 lie within 11, those of bge-small-en-v1.5 within 4.
PASSING_BIAS = 16.0


@dataclass(frozen=True)
class QnetWeights:
    """A batch of q-nets: transposed matrices [batch, out, in] of the core layers, biases [batch, out], the last matrix [batch, in].

    Matrices stay in the layout they are generated in: summing or copying their gradients through a transposed view took ten times
    as long as all products together.
    """

    matrices: list[torch.Tensor]
    biases: list[torch.Tensor]
    last: torch.Tensor


class GeneratedTensor(nn.Module):
    """Generates one matrix of shape (in, out), transposed, from token states; a bias of width w is a matrix of shape (w, 1)."""

    def __init__(self, model_width: int, width_in: int, width_out: int) -> None:
        super().__init__()
        self.width_in, self.width_out = width_in, width_out
        self.key = nn.Linear(model_width, width_in)
        self.value = nn.Linear(model_width, width_in)
        self.query_embedding = nn.Parameter(torch.zeros(width_out, width_in))
        self.projection = nn.Linear(width_in, width_in)
        self.base = nn.Parameter(torch.zeros(width_out, width_in))

    def forward(self, states: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Token states [batch, tokens, model width], mask [batch, tokens] (true = token) to [batch, out, in] in ``dtype``."""
        states = states.to(dtype)
        keys = F.linear(states, self.key.weight.to(dtype), self.key.bias.to(dtype))
        values = F.linear(states, self.value.weight.to(dtype), self.value.bias.to(dtype))
        logits = (self.query_embedding.to(dtype) @ keys.transpose(1, 2)).float() / math.sqrt(self.width_out)
        attention = logits.masked_fill(~mask[:, None, :], -math.inf).softmax(-1).to(dtype)
        normal = F.layer_norm(torch.relu(attention @ values), (self.width_in,), eps=LAYER_NORM_EPSILON)
        # The base is what the product is added to, so that [batch, out, in] is written once.
        base = (self.base + self.projection.bias).to(dtype).expand(normal.shape).reshape(-1, self.width_in)
        weight = self.projection.weight.to(dtype)
        return torch.addmm(base, normal.reshape(-1, self.width_in), weight.T).view(normal.shape)


class _BatchedLinear(torch.autograd.Function):
    """x [batch, count, in], weight [batch, out, in], bias [batch, out] to x weight^T + bias, with contiguous gradients."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x = gradient @ weight if ctx.needs_input_grad[0] else None
        return of_x, gradient.transpose(1, 2) @ x, gradient.sum(1)


class HyperHead(nn.Module):
    """Token states in, q-net weights out. A q-net of vector dimensions [width, 1] has no core layer: a dense head."""

    def __init__(self, architecture: QnetArchitecture, model_width: int, initialise: Initialisation) -> None:
        super().__init__()
        self.architecture = architecture
        shapes = architecture.matrix_shapes
        self.matrices = nn.ModuleList(GeneratedTensor(model_width, a, b) for a, b in shapes)
        self.biases = nn.ModuleList(GeneratedTensor(model_width, b, 1) for _, b in shapes[:-1])
        with torch.no_grad():
            (_initialise_as_dense if initialise == "dense" else _initialise_as_published)(self, model_width)

    def forward(self, states: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype = torch.float32) -> QnetWeights:
        """The q-nets of a batch. ``dtype`` is for the core matrices; biases and the last matrix are small and stay float32."""
        single = torch.float32
        return QnetWeights(
            matrices=[generated(states, mask, dtype) for generated in self.matrices[:-1]],
            biases=[generated(states, mask, single).squeeze(1) for generated in self.biases],
            last=self.matrices[-1](states, mask, single).squeeze(1),
        )


def batch_scores(
    architecture: QnetArchitecture, weights: QnetWeights, documents: torch.Tensor, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Score documents [batch, count, width], each row of the batch with its own q-net; returns [batch, count] in float32.

    ``dtype`` is for the products. What residuals add up stays float32: a core layer adds values of about 1 to a document's of about
    0.05, and bfloat16 would round most of the document away.
    """
    x = documents.float()
    for layer, (matrix, bias) in enumerate(zip(weights.matrices, weights.biases, strict=True)):
        y = ACTIVATIONS[architecture.activation](_BatchedLinear.apply(x.to(dtype), matrix.to(dtype), bias.to(dtype)))
        if architecture.layer_norm and architecture.layer_norm_before_residual:
            y = F.layer_norm(y, y.shape[-1:], eps=LAYER_NORM_EPSILON)
        if architecture.has_residual(layer):
            y = y + x
        if architecture.layer_norm and not architecture.layer_norm_before_residual:
            y = F.layer_norm(y, y.shape[-1:], eps=LAYER_NORM_EPSILON)
        x = y
    return torch.bmm(x.float(), weights.last.float()[:, :, None]).squeeze(-1)


def _initialise_as_dense(head: HyperHead, model_width: int) -> None:
    """Start as the backbone's own dense ranking, exactly: score = constant + cosine of the mean-pooled query and the document.

    The last matrix is the mean-pooled state: a zero query embedding attends to every token alike, value and projection are the
    identity (``attend_to_first`` is for a backbone that pools otherwise). Core matrices start at zero under a random bias, so layernorm(relu(bias)) adds a constant to every document; only their
    projections are zero, which get a gradient from the first step on and pass one on from the second.
    Where a core layer is not residual, or widths differ, the document is lost on the way: such an architecture is refused.
    """
    architecture = head.architecture
    lossless = all(architecture.has_residual(layer) for layer in range(architecture.core_layers))
    if not lossless or architecture.matrix_shapes[0][0] != model_width or not architecture.layer_norm_before_residual:
        raise ValueError(
            "initialise: dense needs residual, residualOnLast and layerNormBeforeResidual, and the backbone's own width"
        )
    for generated in [*head.matrices[:-1], *head.biases]:
        nn.init.normal_(generated.query_embedding)
        nn.init.zeros_(generated.projection.weight)
        for linear in (generated.key, generated.value, generated.projection):
            nn.init.zeros_(linear.bias)
    for generated in head.biases:
        nn.init.normal_(generated.base)
    last = head.matrices[-1]
    nn.init.zeros_(last.key.bias)
    last.value.weight.copy_(torch.eye(model_width))
    last.value.bias.fill_(PASSING_BIAS)
    last.projection.weight.copy_(torch.eye(model_width) / math.sqrt(model_width))
    nn.init.zeros_(last.projection.bias)


def _initialise_as_published(head: HyperHead, _model_width: int) -> None:
    """The released scheme (hypencoder_cb/modeling/hypencoder.py): bases N(0, 2/768), query embeddings N(0, 10^2), near-zero projections."""
    for generated in head.matrices:
        nn.init.normal_(generated.base, std=math.sqrt(2 / 768))
        nn.init.normal_(generated.query_embedding, std=10)
        nn.init.normal_(generated.projection.weight, std=1 / 768**2)
        for linear in (generated.key, generated.value, generated.projection):
            nn.init.zeros_(linear.bias)
    for generated in head.biases:
        nn.init.normal_(generated.query_embedding, std=10)
