"""Hard negatives: for each query the documents that the backbone's own vectors put first and no judgement calls relevant."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from hypershard_training.train.encode_source import EncodedSource, write_arrays
from hypershard_training.train.precision import fast_dtype

QUERIES_A_BLOCK = 512


def mine_negatives(encoded: EncodedSource, count: int, cache: Path) -> np.ndarray:
    """Document numbers [queries, count], best first, by inner product in the machine's fast type; -1 fills up short lists. Cached."""
    documents, queries = encoded.vectors, encoded.query_vectors
    content = hashlib.sha256(documents.numpy().data)
    content.update(queries.numpy().data)
    content.update(repr(encoded.source.positives).encode())
    path = cache / f"mined-{count}-{content.hexdigest()[:32]}.npz"
    if not path.exists():
        write_arrays(path, {"mined": _mine(documents, queries, encoded.source.positives, count)})
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["mined"]


def _mine(documents: torch.Tensor, queries: torch.Tensor, positives: list[list[int]], count: int) -> np.ndarray:
    mined = np.full((len(queries), count), -1, np.int32)
    dtype = fast_dtype(documents.device)
    columns = documents.to(dtype).T.contiguous()
    most = max(len(own) for own in positives)
    for start in range(0, len(queries), QUERIES_A_BLOCK):
        scores = queries[start : start + QUERIES_A_BLOCK].to(dtype) @ columns
        order = scores.topk(min(count + most, scores.shape[1])).indices.numpy()
        for row, found in enumerate(order, start=start):
            negative = found[~np.isin(found, positives[row])][:count]
            mined[row, : len(negative)] = negative
    return mined
