"""Document vectors and token states of a source, computed once and kept in the cache.

Work is done in chunks of texts. A chunk's file is named by a digest of the backbone, the settings and the very texts it was made from,
so runs share it, more documents leave the chunks before them as they are, and a changed text makes another file. It is written
under a temporary name and renamed: a killed run repeats one chunk.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hypershard_training.train.backbone import Backbone
from hypershard_training.train.read_sources import digest_of_texts
from hypershard_training.train.settings import EncodeSettings
from hypershard_training.train.source import Source
from hypershard_training.train.training_error import TrainingError

TEXTS_A_CHUNK = 10_000


@dataclass(frozen=True)
class EncodedSource:
    """A source with its vectors. Everything float16, on the CPU."""

    source: Source
    #: [documents, width]
    vectors: torch.Tensor
    #: Token states of all queries after one another [tokens, width]; query q has rows ``starts[q]`` to ``starts[q + 1]``.
    states: np.ndarray
    starts: np.ndarray
    #: The backbone's own query vectors [queries, width]: they mine the negatives and teach the distillation.
    query_vectors: torch.Tensor
    #: Place of the source in the configuration.
    index: int = 0

    def query_states(self, queries: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [queries, tokens, width] in float32 and their mask [queries, tokens]."""
        own = [torch.from_numpy(self.states[self.starts[q] : self.starts[q + 1]]).float() for q in queries]
        padded = torch.nn.utils.rnn.pad_sequence(own, batch_first=True)
        lengths = torch.tensor([len(rows) for rows in own])
        return padded, torch.arange(padded.shape[1]) < lengths[:, None]


def encode_source(source: Source, backbone: Backbone, cache: Path, tell: Callable[[str], None], index: int = 0) -> EncodedSource:
    """Encode what the cache lacks; ``tell`` hears of every finished chunk."""
    settings = backbone.settings
    common = f"{backbone.digest} {settings.precision} "

    def documents(texts: list[str]) -> dict[str, np.ndarray]:
        return {"vectors": backbone.document_vectors(texts)}

    def queries(texts: list[str]) -> dict[str, np.ndarray]:
        states, counts = backbone.token_states(texts)
        return {"states": states, "counts": counts}

    # What is as ever leaves no trace in a key, so that caches of earlier versions stay good.
    pooling = "" if settings.pooling == "mean" else f" {settings.pooling}"
    prefix = f" {settings.document_prefix!r}" if settings.document_prefix else ""
    key = common + f"document {settings.document_tokens_max} {settings.normalize}{pooling}{prefix}"
    if source.vectors:
        vectors = _read_vectors(source, backbone.width)
    else:
        told = "documents encoded"
        vectors = _chunked(source.documents, key, documents, cache, lambda done: tell(f"{source.name}: {done:,} {told}"))[
            "vectors"
        ]
    prefix = f" {settings.query_prefix!r}" if settings.query_prefix else ""
    key = common + f"query {settings.query_tokens_max}{prefix}"
    states = _chunked(source.queries, key, queries, cache, lambda done: tell(f"{source.name}: {done:,} queries encoded"))
    starts = np.concatenate([[0], np.cumsum(states["counts"])])
    pooled = _pooled(states["states"], starts, settings)
    return EncodedSource(source, torch.from_numpy(vectors), states["states"], starts, pooled, index)


def _read_vectors(source: Source, width: int) -> np.ndarray:
    """Vectors [documents, width] that exist already, as float16. Rows are the corpus's lines; those after documentsMax are not read."""
    path, count = source.vectors, len(source.documents)
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read as .npy: {error}; save it with numpy.save") from error
    if rows.ndim != 2 or rows.shape[1] != width or rows.dtype.kind != "f" or len(rows) < count:
        raise TrainingError(
            f"{path}: holds {rows.dtype} {list(rows.shape)}; {count:,} or more rows of {width} floats are needed, "
            "one for each line of the corpus, in its order"
        )
    vectors = np.ascontiguousarray(rows[:count], np.float16)
    if not np.isfinite(vectors).all():
        raise TrainingError(f"{path}: row {int(np.argmin(np.isfinite(vectors).all(1)))} has a value that float16 cannot hold")
    return vectors


def _chunked(
    texts: list[str],
    key: str,
    compute: Callable[[list[str]], dict[str, np.ndarray]],
    cache: Path,
    tell: Callable[[int], None],
) -> dict[str, np.ndarray]:
    cache.mkdir(parents=True, exist_ok=True)
    chunks: list[dict[str, np.ndarray]] = []
    for start in range(0, len(texts), TEXTS_A_CHUNK):
        chunk = texts[start : start + TEXTS_A_CHUNK]
        path = cache / f"{hashlib.sha256(f'{key} {digest_of_texts(chunk)}'.encode()).hexdigest()[:32]}.npz"
        if not path.exists():
            write_arrays(path, compute(chunk))
            tell(start + len(chunk))
        with np.load(path, allow_pickle=False) as arrays:
            chunks.append(dict(arrays))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an ``.npz`` that is there whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.part")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _pooled(states: np.ndarray, starts: np.ndarray, settings: EncodeSettings) -> torch.Tensor:
    if settings.pooling == "cls":
        pooled = torch.from_numpy(states[starts[:-1]].astype(np.float32))
    else:
        sums = np.add.reduceat(states.astype(np.float32), starts[:-1], axis=0)
        pooled = torch.from_numpy(sums / np.diff(starts)[:, None])
    return (torch.nn.functional.normalize(pooled, dim=-1) if settings.normalize else pooled).half()
