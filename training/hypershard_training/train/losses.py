"""The loss of one batch, from scores that are already there.

Sources: cross-entropy and margin-MSE as in arXiv 2502.05364, section 4.2; margin-MSE is that of arXiv 2010.02666. The distillation
part is the Kullback-Leibler divergence from the softmax of the backbone's own scores.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from hypershard_training.train.settings import LossSettings

#: Far below every score, and finite, so that a softmax over it has a gradient of exactly zero.
EXCLUDED = -1e4


@dataclass(frozen=True)
class ScoredBatch:
    """Scores of a batch; column 0 is the positive, the next ``own - 1`` its hard negatives, the rest shared documents."""

    #: Student's scores, scaled for the softmax [batch, columns].
    student: torch.Tensor
    #: The backbone's inner products [batch, columns].
    dense: torch.Tensor
    #: Teacher's scores of the first ``own`` columns, in the student's unscaled unit [batch, own]; NaN where there is none.
    teacher: torch.Tensor
    #: False where a column is a known positive of the query, or no document at all [batch, columns].
    usable: torch.Tensor


def combined_loss(scored: ScoredBatch, scale: torch.Tensor, settings: LossSettings) -> tuple[torch.Tensor, dict[str, float]]:
    """The weighted sum, and the value of each part that has a weight."""
    parts: dict[str, tuple[float, torch.Tensor]] = {}
    if settings.cross_entropy > 0:
        parts["crossEntropy"] = (settings.cross_entropy, cross_entropy(scored))
    if settings.margin_mse > 0:
        parts["marginMse"] = (settings.margin_mse, margin_mse(scored, scale))
    if settings.distillation > 0:
        parts["distillation"] = (settings.distillation, distillation(scored, settings.scale))
    total = torch.stack([weight * value for weight, value in parts.values()]).sum()
    return total, {name: value.item() for name, (_, value) in parts.items()}


def cross_entropy(scored: ScoredBatch) -> torch.Tensor:
    """Mean over the batch of -log softmax(scores)[positive]."""
    logits = scored.student.masked_fill(~scored.usable, EXCLUDED)
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def margin_mse(scored: ScoredBatch, scale: torch.Tensor) -> torch.Tensor:
    """Mean squared difference between student's and teacher's margins (positive - negative), both times ``scale``."""
    own = scored.teacher.shape[1]
    student = scored.student[:, :1] - scored.student[:, 1:own]
    teacher = scale.detach() * (scored.teacher[:, :1] - scored.teacher[:, 1:])
    counted = scored.usable[:, 1:own] & ~teacher.isnan()
    difference = torch.where(counted, student - teacher.nan_to_num(), 0.0)
    return difference.square().sum() / counted.sum().clamp(min=1)


def distillation(scored: ScoredBatch, scale: float) -> torch.Tensor:
    """KL(softmax(scale x dense) || softmax(student)), mean over the batch."""
    student = scored.student.masked_fill(~scored.usable, EXCLUDED).log_softmax(-1)
    dense = (scored.dense * scale).masked_fill(~scored.usable, EXCLUDED).log_softmax(-1)
    return F.kl_div(student, dense, log_target=True, reduction="batchmean")
