"""nDCG@10 on queries held out from training, over a bounded sample of the source's documents."""

from dataclasses import dataclass

import numpy as np
import torch

from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import QnetWeights, batch_scores
from hypershard_training.train.student import Student

DOCUMENTS_A_BLOCK = 2048
DEPTH = 10


@dataclass(frozen=True)
class ValidationSet:
    """Held-out queries of a source and the documents they are ranked over."""

    encoded: EncodedSource
    queries: np.ndarray
    #: Numbers of the documents that are ranked; every positive of the queries is among them.
    documents: np.ndarray


def hold_out(encoded: EncodedSource, queries_max: int, documents_max: int, seed: int) -> tuple[np.ndarray, ValidationSet]:
    """Split a source's queries into those to train on and a validation set; at most a tenth is held out."""
    generator = np.random.default_rng(seed)
    count = len(encoded.source.queries)
    order = generator.permutation(count)
    held = min(queries_max, count // 10)
    queries = np.sort(order[:held])
    documents = len(encoded.vectors)
    needed = {document for query in queries for document in encoded.source.positives[query]}
    sample = generator.permutation(documents)[:documents_max].tolist()
    chosen = np.array(sorted(needed.union(sample[: max(0, documents_max - len(needed))])), np.int64)
    return np.sort(order[held:]), ValidationSet(encoded, queries, chosen)


@torch.inference_mode()
def mean_ndcg(student: Student, validation: ValidationSet) -> float:
    """Mean nDCG@10 of the held-out queries, every positive with gain 1."""
    values = []
    documents = student.document_vectors(validation.encoded, validation.documents)
    for query in validation.queries:
        states, mask = student.query_states(validation.encoded, np.array([query]))
        weights = student.head(states, mask, student.dtype)
        scores = torch.cat([_block(student, weights, block) for block in documents.split(DOCUMENTS_A_BLOCK)])
        top = validation.documents[scores.topk(min(DEPTH, len(scores))).indices.cpu().numpy()]
        values.append(ndcg(top.tolist(), set(validation.encoded.source.positives[query])))
    return float(np.mean(values)) if values else float("nan")


def ndcg(ranked: list[int], relevant: set[int]) -> float:
    """nDCG at the length of ``ranked`` (at most 10), binary gains, logarithm to base 2."""
    gain = sum(1 / np.log2(rank + 2) for rank, document in enumerate(ranked) if document in relevant)
    return gain / sum(1 / np.log2(rank + 2) for rank in range(min(DEPTH, len(relevant))))


def _block(student: Student, weights: QnetWeights, block: torch.Tensor) -> torch.Tensor:
    return batch_scores(student.architecture, weights, block[None], student.dtype)[0]
