"""A source as token ids in one compressed file, small enough to be carried to a machine with a GPU.

Arrays of the ``.npz``: ids of all documents after one another (uint16) and where each begins (one more than there are documents), the
same of the queries, and the document numbers of each query's positives.
"""

import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from hypershard_training.train.settings import SourceSettings
from hypershard_training.train.source import Source
from hypershard_training.train.training_error import TrainingError

#: Ids are stored in 16 bits.
VOCABULARY_MAX = 65_536


def write_packed_source(path: Path, documents: Sequence[Sequence[int]], queries: Sequence[Sequence[int]], source: Source) -> None:
    """Write ``path`` from the ids of a source's texts; hard negatives and teachers' scores of the data are not carried."""
    arrays: dict[str, np.ndarray] = {}
    parts = (("documents", documents, np.uint16), ("queries", queries, np.uint16), ("positives", source.positives, np.uint32))
    for name, rows, kind in parts:
        arrays[name] = np.fromiter((value for row in rows for value in row), kind)
        arrays[f"{name}Starts"] = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.uint32)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_packed_source(settings: SourceSettings) -> Source:
    """The source that ``write_packed_source`` wrote. Raises TrainingError where the file is another thing, or broken."""
    path = Path(settings.packed)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            documents, queries, positives = (_rows(arrays, name) for name in ("documents", "queries", "positives"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path}: cannot be read as a packed source: {error}; pack it again") from error
    count = min(len(queries), settings.queries_max)
    if len(queries) != len(positives) or any(len(row) == 0 or row.max() >= len(documents) for row in positives):
        raise TrainingError(f"{path}: queries and their documents do not fit together; pack it again")
    if any(len(row) == 0 for row in (*documents, *queries)):
        raise TrainingError(f"{path}: has a text without tokens; pack it again")
    return Source(settings.name, settings.weight, documents, queries[:count], [row.tolist() for row in positives[:count]])


def _rows(arrays: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    values, starts = arrays[name], arrays[f"{name}Starts"].astype(np.int64)
    if len(starts) == 0 or starts[0] != 0 or starts[-1] != len(values) or (np.diff(starts) < 0).any():
        raise ValueError(f"{name} does not add up")
    return [values[start:end] for start, end in pairwise(starts)]
