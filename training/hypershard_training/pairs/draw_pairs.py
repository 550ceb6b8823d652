"""Draws training batches: queries of any source, each with one of its positives and some of its negatives."""

from dataclasses import dataclass

import numpy as np

from hypershard_training.pairs.pair_source import PairSource
from hypershard_training.pairs.settings import PairOptimiseSettings


@dataclass(frozen=True)
class Group:
    """A query and the documents that are scored for it; the first is right."""

    source: PairSource
    query: int
    #: [1 + negatives + random negatives]
    documents: np.ndarray


class PairDrawer:
    """Draws from a seeded generator whose state can be kept and restored."""

    def __init__(self, sources: list[PairSource], settings: PairOptimiseSettings, seed: int) -> None:
        self.sources, self.settings = sources, settings
        weights = np.array([prepared.source.weight for prepared in sources], np.float64)
        self.shares = weights / weights.sum()
        self.generator = np.random.default_rng(seed)

    def draw(self) -> list[Group]:
        """The next batch."""
        chosen = self.generator.choice(len(self.sources), self.settings.batch, p=self.shares)
        return [self._group(self.sources[number]) for number in chosen]

    def _group(self, source: PairSource) -> Group:
        query = int(self.generator.choice(source.training))
        positives = source.source.positives[query]
        mined, count = source.negatives[query], self.settings.negatives
        # A query with fewer negatives than asked for sees some twice.
        negatives = self.generator.choice(mined, count, replace=len(mined) < count)
        drawn = self.generator.integers(len(source.document_ids), size=self.settings.random_negatives)
        # A known positive among the random ones gives way to a mined negative.
        drawn = np.where(np.isin(drawn, positives), self.generator.choice(mined), drawn)
        return Group(source, query, np.concatenate([[self.generator.choice(positives)], negatives, drawn]).astype(np.int64))
