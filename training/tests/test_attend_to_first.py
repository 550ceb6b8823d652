"""The dense start over a backbone that pools by its first token begins as that backbone ranks."""

import numpy as np
import pytest
import torch

from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.train.attend_to_first import attend_to_first
from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import HyperHead
from hypershard_training.train.source import Source
from hypershard_training.train.training_error import TrainingError

WIDTH, QUERIES, TOKENS = 24, 60, 7


def _encoded(first_apart: float, *, twin: bool = False) -> EncodedSource:
    """Random states; each query's first has ``first_apart`` more of one direction, and is its last one too with ``twin``."""
    generator = np.random.default_rng(5)
    states = generator.normal(size=(QUERIES, TOKENS, WIDTH)).astype(np.float32)
    states[:, 0, :4] += first_apart
    if twin:
        states[:, -1] = states[:, 0] + generator.normal(size=(QUERIES, WIDTH)) * 1e-3
    starts = np.arange(QUERIES + 1) * TOKENS
    source = Source("s", 1.0, [], [""] * QUERIES, [])
    return EncodedSource(source, torch.zeros(1, WIDTH), states.reshape(-1, WIDTH).astype(np.float16), starts, torch.zeros(1))


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("twin", [False, True])
def test_the_last_matrix_is_the_first_state(depth: int, twin: bool) -> None:
    torch.manual_seed(1)
    encoded = _encoded(6.0, twin=twin)
    architecture = QnetArchitecture(
        (WIDTH,) * (depth + 1) + (1,), layer_norm=depth > 0, residual=depth > 0, residual_on_last=depth > 0
    )
    head = HyperHead(architecture, WIDTH, "dense").eval()
    assert attend_to_first(head, [encoded, encoded]) > 0.99
    with torch.no_grad():
        last = torch.nn.functional.normalize(head(*encoded.query_states(np.arange(QUERIES))).last, dim=-1)
    first = torch.from_numpy(encoded.states[encoded.starts[:-1]].astype(np.float32))
    expected = torch.nn.functional.normalize(first - first.mean(1, keepdim=True), dim=-1)  # the layer norm takes the mean away
    assert (last * expected).sum(1).mean() > 0.99


def test_first_states_like_any_other_are_told() -> None:
    head = HyperHead(QnetArchitecture((WIDTH, 1), layer_norm=False, residual=False), WIDTH, "dense")
    with pytest.raises(TrainingError, match="no direction tells this backbone's first states"):
        attend_to_first(head, [_encoded(0.0)])
