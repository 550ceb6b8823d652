"""How long a query takes other ways on the CPU: the yardstick of ``npm run bench -- peers --python``.

    python training/hypershard_training/measure/search_peers.py --vectors V --width 384 --depth 1 --qnets Q --dense D --threads 2

V: document vectors, Q: weights of the queries' q-nets (docs/formats/qnet-weights.md, f32), D: dense query vectors; all f32, row
after row, without headers. Prints one JSON line. Needs torch, faiss-cpu, usearch and numpy, and no PYTHONPATH.

Q-nets are of the released form: ReLU, layer norm before the residual.

- *published, exhaustive* and *published, greedy*: what the authors' released retrievers do (jfkback/hypencoder-paper,
  ``inference/retrieve.py`` and ``inference/approx_retrieve.py``), in their terms: 100,000 documents a batch; ids, sets and a
  priority queue of Python for the greedy search. Encoding is left out. Neighbours come from a usearch index.
- *faiss flat*, *faiss HNSW*, *usearch HNSW*: plain search of the dense vectors, one query at a time.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from queue import PriorityQueue

import faiss
import numpy as np
import torch
from score_torch import Qnet
from usearch.index import Index

HITS = 10
BATCH = 100_000
NEIGHBOURS = 100
#: The released defaults of entry points, candidates and iterations, then cheaper ones.
GREEDY = ((10_000, 50, 16), (2_000, 20, 16), (500, 20, 16), (500, 10, 16))


def read_floats(path: Path, width: int) -> np.ndarray:
    return np.fromfile(path, dtype="<f4").reshape(-1, width)


def read_qnets(path: Path, width: int, depth: int, *, residual_on_last: bool) -> list[Qnet]:
    """Of each: matrix [in, out] and bias of every core layer, then the last matrix."""
    values = np.fromfile(path, dtype="<f4")
    size = depth * (width * width + width) + width
    qnets = []
    for weights in torch.from_numpy(values.reshape(-1, size)):
        qnet = Qnet.__new__(Qnet)
        qnet.residual_on_last = residual_on_last
        qnet.matrices, qnet.biases, at = [], [], 0
        for _ in range(depth):
            qnet.matrices.append(weights[at : at + width * width].reshape(1, width, width))
            at += width * width
            qnet.biases.append(weights[at : at + width].reshape(1, 1, width))
            at += width
        qnet.last = weights[at:].reshape(1, width, 1)
        qnets.append(qnet)
    return qnets


def exhaustive(qnet: Qnet, documents: torch.Tensor) -> list[int]:
    """Every document scored, a batch at a time, the best kept."""
    scores, rows = [], []
    for first in range(0, len(documents), BATCH):
        batch = qnet.score(documents[None, first : first + BATCH]).squeeze(0)
        best, index = torch.topk(batch, min(HITS, len(batch)))
        scores.append(best)
        rows.append(index + first)
    order = torch.topk(torch.cat(scores), HITS).indices
    return torch.cat(rows)[order].tolist()


class Greedy:
    """From entry points to the neighbours of the best, until none of a step is good enough."""

    def __init__(self, documents: torch.Tensor, neighbours: list[list[int]], entry_points: int) -> None:
        self.documents = documents
        self.neighbours = neighbours
        random.seed(43)
        self.entries = random.sample(range(len(documents)), min(entry_points, len(documents)))
        self.evaluations = 0

    def search(self, qnet: Qnet, candidates: int, iterations: int) -> list[int]:
        queue: PriorityQueue[tuple[float, int]] = PriorityQueue(maxsize=HITS)
        frontier = list(self.entries)
        explored = set(frontier)
        for _ in range(iterations):
            if not frontier:
                break
            similarities = qnet.score(self.documents[frontier][None]).squeeze(0)
            self.evaluations += len(frontier)
            values, indices = torch.topk(similarities, min(max(candidates, HITS), len(frontier)))
            following: list[int] = []
            added = 0
            for place, (value, index) in enumerate(zip(values.tolist(), indices.tolist(), strict=True)):
                row = frontier[index]
                if not queue.full():
                    queue.put((value, row))
                    added += 1
                else:
                    worst = queue.get()
                    better = value > worst[0]
                    queue.put((value, row) if better else worst)
                    added += better
                if place < candidates:
                    for neighbour in self.neighbours[row]:
                        if neighbour not in explored:
                            following.append(neighbour)
                            explored.add(neighbour)
            if added == 0:
                break
            frontier = following
        found = [queue.get() for _ in range(queue.qsize())]
        return [row for _, row in reversed(found)]


def timed(search: Callable[[int], list[int]], queries: int) -> tuple[list[list[int]], list[float]]:
    for query in range(min(3, queries)):
        search(query)
    found, times = [], []
    for query in range(queries):
        start = time.perf_counter()
        found.append([int(row) for row in search(query)])
        times.append((time.perf_counter() - start) * 1000)
    return found, times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vectors", "qnets", "dense"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--residual-on-last", action="store_true", help="of the q-nets' core layers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--greedy", action="store_true", help="neighbours of every document are looked for first")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    faiss.omp_set_num_threads(arguments.threads)
    vectors = read_floats(arguments.vectors, arguments.width)
    dense = read_floats(arguments.dense, arguments.width)
    qnets = read_qnets(
        arguments.qnets, arguments.width, arguments.depth, residual_on_last=arguments.residual_on_last
    )
    documents = torch.from_numpy(vectors)
    rows: list[dict] = []

    def measure(name: str, search: Callable[[int], list[int]], **facts: float) -> list[list[int]]:
        found, times = timed(search, len(qnets))
        rows.append({"peer": name, "p50Ms": statistics.median(times), "found": found, **facts})
        return found

    with torch.inference_mode():
        measure("published, exhaustive", lambda query: exhaustive(qnets[query], documents))

        usearch = Index(ndim=arguments.width, metric="ip", dtype="i8", connectivity=16, expansion_add=128)
        usearch.add(np.arange(len(vectors)), vectors, threads=arguments.threads)
        for expansion in (64, 256, 1024):
            usearch.expansion_search = expansion
            measure(f"usearch HNSW, dense, expansion {expansion}", lambda query: usearch.search(dense[query], HITS).keys)

        if arguments.greedy:
            usearch.expansion_search = 256
            matches = usearch.search(vectors, NEIGHBOURS + 1, threads=arguments.threads).keys
            neighbours = [[int(other) for other in own if other != row][:NEIGHBOURS] for row, own in enumerate(matches)]
            for entry_points, candidates, iterations in GREEDY:
                greedy = Greedy(documents, neighbours, entry_points)
                name = f"published, greedy, {entry_points} entry points, {candidates} candidates"
                measure(name, lambda query: greedy.search(qnets[query], candidates, iterations))
                rows[-1]["evaluations"] = greedy.evaluations / (len(qnets) + min(3, len(qnets)))

    flat = faiss.IndexFlatIP(arguments.width)
    flat.add(vectors)
    measure("faiss flat, dense", lambda query: flat.search(dense[query : query + 1], HITS)[1][0])
    hnsw = faiss.IndexHNSWFlat(arguments.width, 16, faiss.METRIC_INNER_PRODUCT)
    hnsw.hnsw.efConstruction = 128
    hnsw.add(vectors)
    hnsw.hnsw.efSearch = 64
    measure("faiss HNSW, dense, expansion 64", lambda query: hnsw.search(dense[query : query + 1], HITS)[1][0])
    print(json.dumps({"torch": torch.__version__, "faiss": faiss.__version__, "rows": rows}))


if __name__ == "__main__":
    main()
