"""Which documents could be candidates of a q-net, measured against exact scoring, before any of it is built into the cluster.

    python -m hypershard_training.measure.search_plans RUN --collection FOLDER [--split S] [--documents-max N] [--queries N]

Candidates come from a tangent of the q-net (``s(x) ~ s(c) + g (x - c)``, a plain query vector g), at the mean of all vectors or at
the centroids of cells; from the query's own dense vector; from an HNSW index asked with either. They are scored exactly then.
Prints a JSON line for each way: recall@10 against exact, the q-net evaluations and the vectors scanned a query. Recall only: time is
measured in the cluster. Needs ``usearch`` beside the ``train`` extra.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from usearch.index import Index

from hypershard_training.export.load_run import load_run
from hypershard_training.model.qnet import QnetArchitecture, qnet_scores
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.encode_source import EncodedSource, encode_source
from hypershard_training.train.hyper_head_module import HyperHead
from hypershard_training.train.rank_collection import encode_settings_of_run
from hypershard_training.train.read_sources import read_source
from hypershard_training.train.settings import SourceSettings

HITS = 10
CANDIDATES = (30, 100, 300, 1000, 3000)
PROBES = (4, 8, 16, 32, 64, 128)
SPREADS = (0.0, 1.5)
KMEANS_ROUNDS = 12
#: Documents and gradients that a pass over the tangents of cells gathers at once.
ROWS_A_BLOCK = 8192
#: A gradient is counted as three evaluations: one forward pass and one backward, which has two products a layer less one.
GRADIENT_EVALUATIONS = 3


@dataclass(frozen=True)
class Qnet:
    """One query's network."""

    architecture: QnetArchitecture
    matrices: list[torch.Tensor]
    biases: list[torch.Tensor]

    def scores(self, points: torch.Tensor) -> torch.Tensor:
        return qnet_scores(self.architecture, self.matrices, self.biases, points)

    def tangents(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores [count] and gradients [count, width] at points [count, width]."""
        with torch.enable_grad():
            leaf = points.clone().requires_grad_()
            scores = self.scores(leaf)
            (gradients,) = torch.autograd.grad(scores.sum(), leaf)
        return scores.detach(), gradients


@dataclass(frozen=True)
class Cells:
    """Documents grouped by k-means; rows of cell c are ``order[starts[c]:starts[c + 1]]``."""

    centroids: torch.Tensor
    #: Variance of the members in each dimension [cells, width].
    variances: torch.Tensor
    order: torch.Tensor
    starts: torch.Tensor


@dataclass(frozen=True)
class Corpus:
    """What all queries share."""

    vectors: torch.Tensor
    mean: torch.Tensor
    #: The vectors as int8 with one scale a row, as a scan would read them.
    rounded: torch.Tensor
    cells: list[Cells]
    graph: Index


#: The way's name and, for one query, the candidates, evaluations and scanned vectors.
Outcome = tuple[str, torch.Tensor, int, int]


def ways(corpus: Corpus, qnet: Qnet, dense: torch.Tensor) -> Iterator[Outcome]:
    """Every way of finding candidates for one query."""
    vectors, count = corpus.vectors, len(corpus.vectors)
    _, mean_gradient = qnet.tangents(corpus.mean[None])
    mean_tangent = mean_gradient[0]
    by_tangent = vectors @ mean_tangent
    for name, scores, cost in (
        ("mean tangent", by_tangent, GRADIENT_EVALUATIONS),
        ("mean tangent, int8 vectors", corpus.rounded @ mean_tangent, GRADIENT_EVALUATIONS),
        ("dense vector", vectors @ dense, 0),
    ):
        for candidates in CANDIDATES:
            yield f"{name}, {candidates}", scores.topk(candidates).indices, candidates + cost, count
    yield from second_rounds(corpus, qnet, by_tangent)
    for expansion in (64, 256, 1024):
        corpus.graph.expansion_search = expansion
        for name, vector, cost in (("mean tangent", mean_tangent, GRADIENT_EVALUATIONS), ("dense vector", dense, 0)):
            for candidates in CANDIDATES[:4]:
                if candidates <= expansion:
                    found = torch.from_numpy(corpus.graph.search(vector.numpy(), candidates).keys.astype(np.int64))
                    yield f"HNSW {expansion} by {name}, {candidates}", found, candidates + cost, expansion
    for cells in corpus.cells:
        yield from cell_ways(corpus, cells, qnet, mean_tangent)


def second_rounds(corpus: Corpus, qnet: Qnet, by_tangent: torch.Tensor) -> Iterator[Outcome]:
    """Candidates by the mean tangent, scored; then by the tangent at the mean of the best of them."""
    for first in (30, 100):
        chosen = by_tangent.topk(first).indices
        best = chosen[qnet.scores(corpus.vectors[chosen]).topk(HITS).indices]
        _, gradients = qnet.tangents(corpus.vectors[best].mean(0, keepdim=True))
        again = corpus.vectors @ gradients[0]
        for candidates in CANDIDATES[:4]:
            both = torch.cat([chosen, again.topk(candidates).indices]).unique()
            evaluations = len(both) + 2 * GRADIENT_EVALUATIONS
            yield f"two tangents, {first} + {candidates}", both, evaluations, 2 * len(corpus.vectors)


def cell_ways(corpus: Corpus, cells: Cells, qnet: Qnet, mean_tangent: torch.Tensor) -> Iterator[Outcome]:
    """Cells chosen in several ways; their documents by local tangents, by the mean tangent, or all of them."""
    count = len(cells.centroids)
    scores = qnet.scores(cells.centroids)
    _, all_gradients = qnet.tangents(cells.centroids)
    spreads = (all_gradients.square() * cells.variances).sum(1).sqrt()
    mean_spreads = (mean_tangent.square() * cells.variances).sum(1).sqrt()
    orders = {f"score + {spread} spread": (scores + spread * spreads, count * (GRADIENT_EVALUATIONS if spread else 1)) for spread in SPREADS}
    linear = cells.centroids @ mean_tangent
    for spread in SPREADS:
        orders[f"mean tangent + {spread} spread"] = (linear + spread * mean_spreads, GRADIENT_EVALUATIONS)
    for chosen_by, (keys, cost) in orders.items():
        for probes in PROBES:
            if probes > count // 4:
                continue
            probed = keys.topk(probes).indices
            rows = torch.cat([cells.order[cells.starts[c] : cells.starts[c + 1]] for c in probed.tolist()])
            sizes = cells.starts[probed + 1] - cells.starts[probed]
            name = f"{count} cells by {chosen_by}, {probes} probed"
            yield f"{name}, all", rows, cost + len(rows), 0
            local = local_scores(corpus, cells, rows, probed.repeat_interleave(sizes), scores, all_gradients)
            linear_rows = corpus.vectors[rows] @ mean_tangent
            for candidates in (100, 300):
                kept = min(candidates, len(rows))
                evaluations = cost + GRADIENT_EVALUATIONS * probes + kept
                yield f"{name}, local tangents, {candidates}", rows[local.topk(kept).indices], evaluations, len(rows)
                yield f"{name}, mean tangent, {candidates}", rows[linear_rows.topk(kept).indices], cost + kept, len(rows)


def local_scores(
    corpus: Corpus, cells: Cells, rows: torch.Tensor, owner: torch.Tensor, scores: torch.Tensor, gradients: torch.Tensor
) -> torch.Tensor:
    """Each row's score by the tangent at the centroid of its cell."""
    parts = []
    for block, cell in zip(rows.split(ROWS_A_BLOCK), owner.split(ROWS_A_BLOCK), strict=True):
        offsets = corpus.vectors[block] - cells.centroids[cell]
        parts.append(scores[cell] + (offsets * gradients[cell]).sum(1))
    return torch.cat(parts)


def make_cells(vectors: torch.Tensor, count: int) -> Cells:
    """k-means from random rows, all rows in each round."""
    generator = torch.Generator().manual_seed(count)
    centroids = vectors[torch.randperm(len(vectors), generator=generator)[:count]].clone()
    for _ in range(KMEANS_ROUNDS):
        owner = nearest(vectors, centroids)
        sums = torch.zeros_like(centroids).index_add_(0, owner, vectors)
        sizes = torch.bincount(owner, minlength=count)
        filled = sizes > 0
        centroids[filled] = sums[filled] / sizes[filled, None]
    owner = nearest(vectors, centroids)
    sizes = torch.bincount(owner, minlength=count)
    squares = torch.zeros_like(centroids).index_add_(0, owner, (vectors - centroids[owner]).square())
    starts = torch.cat([torch.zeros(1, dtype=torch.int64), sizes.cumsum(0)])
    return Cells(centroids, squares / sizes.clamp(min=1)[:, None], owner.argsort(stable=True), starts)


def nearest(vectors: torch.Tensor, centroids: torch.Tensor) -> torch.Tensor:
    half_squares = centroids.square().sum(1) / 2
    return torch.cat([(block @ centroids.T - half_squares).argmax(1) for block in vectors.split(ROWS_A_BLOCK)])


def make_corpus(vectors: torch.Tensor, cell_counts: list[int]) -> Corpus:
    scales = vectors.abs().amax(1, keepdim=True) / 127
    graph = Index(ndim=vectors.shape[1], metric="ip", dtype="f16", connectivity=16, expansion_add=128)
    graph.add(np.arange(len(vectors)), vectors.numpy())
    cells = [make_cells(vectors, count) for count in cell_counts]
    return Corpus(vectors, vectors.mean(0), (vectors / scales).round() * scales, cells, graph)


def qnets_of(run: Path, encoded: EncodedSource, queries: np.ndarray) -> Iterator[Qnet]:
    model = load_run(run)
    head = HyperHead(model.architecture, encoded.vectors.shape[1], "published").eval()
    head.load_state_dict(model.head)
    for query in queries:
        weights = head(*encoded.query_states(np.array([query])))
        matrices = [matrix[0].T.contiguous() for matrix in weights.matrices] + [weights.last[0][:, None]]
        yield Qnet(model.architecture, matrices, [bias[0] for bias in weights.biases])


def encode(run: Path, source_settings: SourceSettings, cache: Path, tell: Callable[[str], None]) -> EncodedSource:
    backbone = Backbone(encode_settings_of_run(run), torch.device("cpu"))
    return encode_source(read_source(source_settings), backbone, cache, tell)


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="+", help="folders of finished runs over one backbone")
    parser.add_argument("--collection", type=Path, required=True, help="a folder in BEIR layout")
    parser.add_argument("--split", default="test")
    parser.add_argument("--documents-max", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--cells", type=int, nargs="*", default=[256, 1024])
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    given = parser.parse_args()
    name = given.collection.resolve().name
    settings = SourceSettings(name, str(given.collection), split=given.split, documents_max=given.documents_max, keep_judged=True)
    encoded = encode(given.run[0], settings, given.cache, lambda line: print(line, flush=True))
    corpus = make_corpus(encoded.vectors.float(), given.cells)
    generator = np.random.default_rng(0)
    queries = generator.permutation(len(encoded.source.queries))[: given.queries]
    for run in given.run:
        totals: dict[str, np.ndarray] = {}
        for query, qnet in zip(queries, qnets_of(run, encoded, queries), strict=True):
            exact = qnet.scores(corpus.vectors).topk(HITS).indices
            for way, candidates, evaluations, scanned in ways(corpus, qnet, encoded.query_vectors[query].float()):
                recall = torch.isin(exact, candidates).float().mean().item()
                totals[way] = totals.get(way, np.zeros(3)) + (recall, evaluations, scanned)
        for way, (recall, evaluations, scanned) in totals.items():
            row = {"run": run.name, "collection": name, "documents": len(corpus.vectors), "way": way}
            row |= {"recallAt10": round(recall / len(queries), 4), "evaluations": round(evaluations / len(queries))}
            print(json.dumps(row | {"scanned": round(scanned / len(queries))}), flush=True)


if __name__ == "__main__":
    main()
