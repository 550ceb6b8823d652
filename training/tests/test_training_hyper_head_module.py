"""The trainable hyper-head is the reference one, and starts where it says."""

import pytest
import torch

from hypershard_training.model.hyper_head import generate_qnet, hyper_head_parameter_shapes
from hypershard_training.model.qnet import QnetArchitecture, qnet_scores
from hypershard_training.train.hyper_head_module import HyperHead, batch_scores

WIDTH, TOKENS, QUERIES, DOCUMENTS = 16, 5, 3, 40


def _architecture(depth: int) -> QnetArchitecture:
    return QnetArchitecture((WIDTH,) * (depth + 1) + (1,), residual_on_last=True)


def _inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(5)
    mask = torch.ones(QUERIES, TOKENS, dtype=torch.bool)
    mask[0, 3:] = False
    documents = torch.nn.functional.normalize(torch.randn(DOCUMENTS, WIDTH), dim=-1)
    return torch.randn(QUERIES, TOKENS, WIDTH), mask, documents


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_scores_are_those_of_the_reference(depth: int) -> None:
    states, mask, documents = _inputs()
    architecture = _architecture(depth)
    head = HyperHead(architecture, WIDTH, "published")
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.normal_(std=0.3)
        scores = batch_scores(architecture, head(states, mask), documents.expand(QUERIES, -1, -1))
        parameters = dict(head.state_dict())
        assert {name: tuple(value.shape) for name, value in parameters.items()} == hyper_head_parameter_shapes(
            architecture, WIDTH
        )
        matrices, biases = generate_qnet(architecture, parameters, states, mask)
    for query in range(QUERIES):
        expected = qnet_scores(architecture, [m[query] for m in matrices], [b[query] for b in biases], documents)
        torch.testing.assert_close(scores[query], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_dense_start_ranks_as_the_mean_pooled_query(depth: int) -> None:
    states, mask, documents = _inputs()
    states = states - states.mean(-1, keepdim=True)
    architecture = _architecture(depth)
    head = HyperHead(architecture, WIDTH, "dense")
    with torch.no_grad():
        for generated in head.matrices[:-1]:
            generated.projection.weight.zero_()
        scores = batch_scores(architecture, head(states, mask), documents.expand(QUERIES, -1, -1))
    pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    assert torch.equal(scores.argsort(-1), (pooled @ documents.T).argsort(-1))


def test_dense_start_needs_a_path_for_the_document() -> None:
    with pytest.raises(ValueError, match="residualOnLast"):
        HyperHead(QnetArchitecture((WIDTH, WIDTH, 1)), WIDTH, "dense")
