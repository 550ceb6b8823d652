"""nDCG@10 of inner-product retrieval over a collection in BEIR layout."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Collection:
    document_ids: list[str]
    documents: list[str]
    query_ids: list[str]
    queries: list[str]
    #: query id -> document id -> grade
    judgements: dict[str, dict[str, int]]


def load_collection(folder: Path, split: str = "test") -> Collection:
    """Documents are title and text joined by a space, queries those with judgements in the split."""
    documents = _lines(folder / "corpus.jsonl")
    judgements: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / f"{split}.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            judgements.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    queries = [row for row in _lines(folder / "queries.jsonl") if row["_id"] in judgements]
    return Collection(
        [row["_id"] for row in documents],
        [f"{row.get('title', '')} {row['text']}".strip() for row in documents],
        [row["_id"] for row in queries],
        [row["text"] for row in queries],
        judgements,
    )


def ndcg_at_10(collection: Collection, queries: npt.NDArray[np.float32], documents: npt.NDArray[np.float32]) -> float:
    """Mean nDCG@10 with linear gains and the log2 discount (as trec_eval's ndcg_cut.10); ties by document order."""
    scores = queries @ documents.T
    discounts = 1 / np.log2(np.arange(2, 12))
    total = 0.0
    for row, query in enumerate(collection.query_ids):
        grades = collection.judgements[query]
        top = np.argsort(-scores[row], kind="stable")[:10]
        gains = np.array([grades.get(collection.document_ids[i], 0) for i in top])
        ideal = np.array(sorted(grades.values(), reverse=True)[:10])
        total += float(gains @ discounts[: len(gains)] / (ideal @ discounts[: len(ideal)]))
    return total / len(collection.query_ids)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
