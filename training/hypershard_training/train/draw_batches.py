"""Draws training batches: one source a batch, its queries with their own negatives, and documents that all queries share."""

from dataclasses import dataclass

import numpy as np

from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.settings import OptimiseSettings


@dataclass(frozen=True)
class TrainingSource:
    """A source ready for training: ``queries`` are the numbers that may be drawn (not those held out for validation)."""

    encoded: EncodedSource
    queries: np.ndarray
    #: [all queries, mined]; -1 where there are fewer.
    mined: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Numbers of one batch, all of ``source``."""

    source: TrainingSource
    #: [batch]
    queries: np.ndarray
    #: [batch, 1 + hard negatives]: a positive, then negatives.
    own: np.ndarray
    #: [shared]: the positives of the batch, then random documents.
    shared: np.ndarray
    #: [batch, shared]: true where the shared document is a positive of that query, and so no negative.
    known: np.ndarray


class BatchDrawer:
    """Draws batches from a seeded generator whose state can be kept and restored."""

    def __init__(self, sources: list[TrainingSource], settings: OptimiseSettings, seed: int) -> None:
        self.sources, self.settings = sources, settings
        weights = np.array([source.encoded.source.weight for source in sources], np.float64)
        self.shares = weights / weights.sum()
        self.generator = np.random.default_rng(seed)

    def draw(self) -> Batch:
        """The next batch."""
        source = self.sources[self.generator.choice(len(self.sources), p=self.shares)]
        positives = source.encoded.source.positives
        documents = len(source.encoded.vectors)
        queries = self.generator.choice(source.queries, self.settings.batch)
        own = np.stack([self._own_documents(source, query) for query in queries])
        shared = np.concatenate([own[:, 0], self.generator.integers(documents, size=self.settings.random_negatives)])
        known = np.stack([np.isin(shared, positives[query]) for query in queries])
        return Batch(source, queries, own, shared, known)

    def _own_documents(self, source: TrainingSource, query: int) -> np.ndarray:
        positive = self.generator.choice(source.encoded.source.positives[query])
        count = self.settings.hard_negatives
        ranked = source.mined[query][self.settings.mined_from : self.settings.mined_to]
        ranked = ranked[ranked >= 0]
        if given := source.encoded.source.negatives.get(query):
            ranked = np.concatenate([given, ranked[: max(0, count - len(given))]])
        # A corpus with fewer documents than negatives repeats some.
        negatives = self.generator.choice(ranked, count, replace=len(ranked) < count) if len(ranked) else np.full(count, -1)
        return np.concatenate([[positive], negatives]).astype(np.int64)
