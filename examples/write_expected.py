"""Writes `expected.json`: scorers as `qnet_of_torch` sends them, with the scores that PyTorch gives. A test of the repository
compares hypershard's with them, so that it needs no PyTorch.

    pip install git+https://github.com/jfkback/hypencoder-paper
    python examples/write_expected.py
"""

import base64
import json
from pathlib import Path

import torch
from hypencoder_cb.modeling.q_net import RepeatedDenseBlockConverter
from qnet_of_torch import qnet_of_hypencoder, qnet_of_sequential
from recommender import qnet_of, score, train
from torch import nn


def case_of(name: str, qnet, vectors, scores) -> dict:
    return {
        "name": name,
        "shape": qnet.shape,
        "qnet": qnet.request(),
        "vectors": [base64.b64encode(vector.numpy().tobytes()).decode() for vector in vectors],
        "scores": scores.flatten().tolist(),
    }


def hypencoder(depth: int, activation: str = "relu", **how) -> dict:
    """Of the width 12, with random weights; the published models are built so, with 768."""
    dimensions = [12] * (depth + 1) + [1]
    converter = RepeatedDenseBlockConverter(dimensions, activation_type=activation, **how)
    matrices = [torch.randn(2, rows, columns) / rows**0.5 for rows, columns in converter.weight_shapes]
    biases = [torch.randn(2, rows, 1) / 8 for rows, _ in converter.bias_shapes]
    net = converter(matrices, biases, is_training=False)
    vectors = torch.randn(6, 12)
    scores = net(vectors.expand(2, -1, -1))[1]
    facts = ", ".join(f"{key} {value}" for key, value in how.items()) or "as published"
    return case_of(f"hypencoder, {depth} layers, {activation}, {facts}", qnet_of_hypencoder(net, 1), vectors, scores)


def main() -> None:
    torch.manual_seed(7)
    with torch.no_grad():
        cases = [
            hypencoder(2),
            hypencoder(3, "gelu", layer_norm_before_residual=False),
            hypencoder(3, "tanh", do_residual_on_last=True),
            hypencoder(1, "leaky_relu", do_layer_norm=False, do_residual=False),
        ]
        perceptron = nn.Sequential(nn.Linear(12, 5), nn.Sigmoid(), nn.Linear(5, 3), nn.Sigmoid(), nn.Linear(3, 1, bias=False))
        vectors = torch.randn(6, 12)
        cases.append(case_of("nn.Sequential", qnet_of_sequential(perceptron), vectors, perceptron(vectors)))
    tower, items, _ = train()
    with torch.no_grad():
        weights = tower(torch.tensor([0]))
        cases.append(case_of("recommender", qnet_of(weights), items[:20], score(weights, items[:20])))
    text = json.dumps(cases, indent=1) + "\n"
    Path(__file__).with_name("expected.json").write_text(text)


if __name__ == "__main__":
    main()
