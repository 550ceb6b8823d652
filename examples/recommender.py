"""A recommender whose user tower emits a network: it learns from clicks which items a user likes, and hypershard finds them.

    python examples/recommender.py http://127.0.0.1:7700

An inner product can only rank items along one direction of the item space. Here each user's network bends: the made-up users
like two unlike kinds of items, and nothing between them.
"""

import sys

import torch
from qnet_of_torch import QNet, array, search, serve
from torch import nn

users, items, width, hidden = 64, 500, 16, 8


class UserTower(nn.Module):
    """From a user to the weights of an MLP [width, hidden, 1]."""

    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(users, 32)
        self.body = nn.Sequential(nn.Linear(32, 64), nn.ReLU())
        self.matrix = nn.Linear(64, width * hidden)
        self.bias = nn.Linear(64, hidden)
        self.last = nn.Linear(64, hidden)

    def forward(self, user):
        state = self.body(self.user(user))
        matrix = self.matrix(state).view(-1, width, hidden)
        return matrix, self.bias(state), self.last(state).unsqueeze(-1)


def score(weights, vectors):
    """[users, items]"""
    matrix, bias, last = weights
    return (torch.relu(vectors @ matrix + bias.unsqueeze(1)) @ last).squeeze(-1)


def qnet_of(weights) -> QNet:
    matrix, bias, last = weights
    return QNet([array(matrix[0]), array(last[0])], [array(bias[0])], "relu")


def train(steps: int = 300):
    torch.manual_seed(1)
    vectors = nn.functional.normalize(torch.randn(items, width), dim=1)
    tastes = nn.functional.normalize(torch.randn(2, users, width), dim=2)
    likes = ((tastes @ vectors.T).amax(0) > 0.4).float()
    tower = UserTower()
    optimizer = torch.optim.Adam(tower.parameters(), lr=3e-3)
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(score(tower(torch.arange(users)), vectors), likes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tower.eval(), vectors, likes


def main(url: str) -> None:
    tower, vectors, likes = train()
    with torch.no_grad():
        first = qnet_of(tower(torch.tensor([0])))
        serve(url, "recommender", first.shape, [f"item-{at}" for at in range(items)], vectors.numpy())
        for user in range(3):
            weights = tower(torch.tensor([user]))
            hits = search(url, "recommender", qnet_of(weights), 10)
            expected = score(weights, vectors)[0]
            furthest = max(abs(found - expected[int(id.removeprefix("item-"))].item()) for id, found in hits)
            liked = sum(int(likes[user, int(id.removeprefix("item-"))]) for id, _ in hits)
            print(f"user {user}: {liked} of the first 10 are liked; scores are within {furthest:.1e} of PyTorch's")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7700")
