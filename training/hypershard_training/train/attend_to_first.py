"""The dense start over a backbone that pools by its first token: the last matrix is to be that token's state.

A head that attends to all tokens alike gives their mean, which such a backbone was not trained for. The first state differs from
the others in directions that a linear function sees: one is fitted to the token states of the sources' queries, and the last
matrix's attention follows it. Other states that are the first's twins, as the last token's are in bge, may share the attention.
"""

import numpy as np
import torch

from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import HyperHead
from hypershard_training.train.training_error import TrainingError

QUERIES_MAX = 2_000
#: Cosine to the first state from which another one is its twin.
TWIN = 0.99
#: How far the logits of first and other states are apart: the others together get less than a hundredth of the attention.
LOGITS_APART = 12.0
GAIN_MAX = 200.0
RIDGE = 1.0
#: Least mean cosine of what the head attends to and the first state.
COSINE_MIN = 0.99


@torch.no_grad()
def attend_to_first(head: HyperHead, sources: list[EncodedSource]) -> float:
    """Set the last matrix's attention; returns the mean cosine of the attended states and the first one, which is checked."""
    states, starts = _sample(sources)
    direction, gain = _direction(states, starts)
    last = head.matrices[-1]
    last.key.weight.copy_(torch.eye(last.width_in, states.shape[1]))
    last.key.bias.zero_()
    last.query_embedding.copy_(torch.from_numpy(gain * direction)[None, : last.width_in])
    cosine = _attended_cosine(states, starts, gain * direction)
    # Written so that a NaN fails too.
    if not cosine >= COSINE_MIN:
        raise TrainingError(
            f"model.initialise dense: no direction tells this backbone's first states from others (cosine {cosine:.3f}, "
            f"{COSINE_MIN} is needed); set model.initialise: published"
        )
    return cosine


def _sample(sources: list[EncodedSource]) -> tuple[np.ndarray, np.ndarray]:
    """Token states [tokens, width] of some queries of each source in float32, and where each query begins, the end included."""
    each = max(1, QUERIES_MAX // len(sources))
    parts, counts = [], [np.zeros(1, np.int64)]
    for source in sources:
        queries = min(each, len(source.starts) - 1)
        parts.append(source.states[: source.starts[queries]].astype(np.float32))
        counts.append(np.diff(source.starts[: queries + 1]))
    return np.concatenate(parts), np.cumsum(np.concatenate(counts))


def _direction(states: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, float]:
    """Least squares, with a constant that no logit needs: 1 for a first state and its twins, 0 for the others."""
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    own_first = np.repeat(unit[starts[:-1]], np.diff(starts), axis=0)
    is_first = (unit * own_first).sum(1) >= TWIN
    centred = states - states.mean(0)
    target = is_first - is_first.mean()
    width = states.shape[1]
    direction = np.linalg.solve(centred.T @ centred + RIDGE * np.eye(width, dtype=np.float32), centred.T @ target)
    logits = states @ direction
    others = logits[~is_first]
    apart = np.percentile(logits[is_first], 5) - (np.percentile(others, 95) if len(others) else 0)
    return direction.astype(np.float32), float(np.clip(LOGITS_APART / max(apart, 1e-6), 0, GAIN_MAX))


def _attended_cosine(states: np.ndarray, starts: np.ndarray, direction: np.ndarray) -> float:
    logits = states @ direction
    largest = np.repeat(np.maximum.reduceat(logits, starts[:-1]), np.diff(starts))
    weights = np.exp(logits - largest)[:, None]
    attended = np.add.reduceat(weights * states, starts[:-1]) / np.add.reduceat(weights, starts[:-1])
    first = states[starts[:-1]]
    return float(((attended * first).sum(1) / np.linalg.norm(attended, axis=1) / np.linalg.norm(first, axis=1)).mean())
