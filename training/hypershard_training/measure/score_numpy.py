"""nDCG@10 of vectors that a cluster stored, scored by numpy: the judge of ``npm run bench -- quality --python``.

    python training/hypershard_training/measure/score_numpy.py --dump DIR

DIR holds what the benchmark wrote: ``vectors.f32`` [documents, width] and ``queries.f32`` [queries, width], row-major and
little-endian, and ``facts.json`` with the width, the ids of both and the judgements. Prints one JSON line. Needs numpy alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np


def ndcg(ranked: list[str], grades: dict[str, int], depth: int = 10) -> float:
    """As trec_eval has it: the grade is the gain, discounted by log2(rank + 1); grades below 0 count as 0."""
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    gains = np.array([max(0, grades.get(document, 0)) for document in ranked[:depth]], dtype=float)
    ideal = np.array(sorted((max(0, grade) for grade in grades.values()), reverse=True)[:depth], dtype=float)
    best = float(ideal @ discounts[: len(ideal)])
    return float(gains @ discounts[: len(gains)]) / best if best > 0 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dump", type=Path, required=True)
    dump: Path = parser.parse_args().dump
    facts = json.loads((dump / "facts.json").read_text())
    vectors = np.fromfile(dump / "vectors.f32", dtype="<f4").reshape(-1, facts["width"])
    queries = np.fromfile(dump / "queries.f32", dtype="<f4").reshape(-1, facts["width"])
    documents = np.array(facts["documentIds"])
    values = []
    for query, scores in zip(facts["queryIds"], queries @ vectors.T, strict=True):
        best = np.lexsort((documents, -scores))[:10]
        values.append(ndcg(documents[best].tolist(), facts["judgements"][query]))
    print(json.dumps({"ndcgAt10": float(np.mean(values)), "queries": len(values)}))


if __name__ == "__main__":
    main()
