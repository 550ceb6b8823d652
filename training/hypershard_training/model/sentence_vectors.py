"""Texts to vectors with an exported encoder: tokenise, run the ONNX graph, pool, normalise."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

FloatTensor = npt.NDArray[np.float32]


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A CPU session with every graph optimisation, as the encoder service opens it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def token_ids(tokenizer: Tokenizer, texts: list[str], tokens_max: int, prefix: str = "") -> list[list[int]]:
    """Ids of every text after ``prefix``, with [CLS] and [SEP], cut to ``tokens_max`` in all ([SEP] stays last)."""
    tokenizer.enable_truncation(tokens_max)
    return [encoding.ids for encoding in tokenizer.encode_batch([prefix + text for text in texts])]


def padded(ids: list[list[int]]) -> dict[str, npt.NDArray[np.int64]]:
    """The graph's inputs: ids padded with 0 to the longest, mask 1 at tokens."""
    longest = max(map(len, ids))
    rows = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros_like(rows)
    for row, tokens in enumerate(ids):
        rows[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": rows, "attention_mask": mask}


def mean_vectors(session: onnxruntime.InferenceSession, ids: list[list[int]]) -> FloatTensor:
    """Unit vectors [texts, hidden] of one batch: the mean over each text's own tokens, padding left out."""
    inputs = padded(ids)
    states = session.run(["token_states"], inputs)[0]
    mask = inputs["attention_mask"][..., None].astype(np.float32)
    mean = (states * mask).sum(1) / mask.sum(1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def vectors_in_batches(session: onnxruntime.InferenceSession, ids: list[list[int]], batch: int = 16) -> FloatTensor:
    """Vectors of many texts in the order given, computed in batches of similar length."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    parts = [order[start : start + batch] for start in range(0, len(order), batch)]
    vectors = np.empty((len(ids), session.get_outputs()[0].shape[-1]), dtype=np.float32)
    for part in parts:
        vectors[part] = mean_vectors(session, [ids[i] for i in part])
    return vectors
