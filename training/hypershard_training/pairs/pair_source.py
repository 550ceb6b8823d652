"""A source ready for training: token ids of its texts, and for each query the documents that are hard to tell from right ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from hypershard_training.pairs.settings import PairSettings
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.encode_source import encode_source
from hypershard_training.train.mine_negatives import mine_negatives
from hypershard_training.train.rank_collection import rank_by_bm25
from hypershard_training.train.source import Source
from hypershard_training.train.training_error import TrainingError


@dataclass(frozen=True)
class PairSource:
    """Numbers are those of ``source``."""

    source: Source
    #: Token ids, cut to the longest that a pair could hold, without special tokens.
    query_ids: list[np.ndarray]
    document_ids: list[np.ndarray]
    #: Of each query, the hardest first: no known positive is among them.
    negatives: list[np.ndarray]
    #: What the batches may draw, and what is held out for validation.
    training: np.ndarray
    held_out: np.ndarray


def prepare_pair_source(
    source: Source, settings: PairSettings, backbone: Backbone | None, tokenizer: Tokenizer, tell: Callable[[str], None]
) -> PairSource:
    """Mine and tokenise. ``backbone`` is needed where ``mine.dense`` is above 0. TrainingError where nothing is left to learn from."""
    rankings = []
    if settings.mine.bm25:
        rankings.append(
            [numbers[: settings.mine.bm25 + len(source.positives[q])] for q, (numbers, _) in enumerate(rank_by_bm25(source))]
        )
    if settings.mine.dense and backbone:
        cache = Path(settings.encode.cache)
        encoded = encode_source(source, backbone, cache, tell)
        rankings.append(list(mine_negatives(encoded, settings.mine.dense, cache)))
    negatives = [
        _merged(own, source.positives[q], source.negatives.get(q, [])) for q, own in enumerate(zip(*rankings, strict=True))
    ]
    usable = np.array([q for q, own in enumerate(negatives) if len(own)], np.int64)
    order = np.random.default_rng(settings.seed).permutation(usable)
    held = min(settings.report.validation_queries, len(order) // 10)
    if len(order) <= held:
        raise TrainingError(f"source {source.name}: no query has a document beside its positives; give it more documents")
    return PairSource(
        source,
        _token_ids(tokenizer, source.queries, settings.model.query_tokens_max),
        _token_ids(tokenizer, source.documents, settings.model.tokens_max),
        negatives,
        np.sort(order[held:]),
        np.sort(order[:held]),
    )


def _merged(rankings: tuple[np.ndarray, ...], positives: list[int], given: list[int]) -> np.ndarray:
    """The given ones, then the first of every ranking, the second of every ranking, and so on, each once and without positives."""
    taken = dict.fromkeys(given)
    for rank in zip_longest(*(own.tolist() for own in rankings), fillvalue=-1):
        taken.update(dict.fromkeys(rank))
    return np.array([number for number in taken if number >= 0 and number not in positives], np.int64)


def _token_ids(tokenizer: Tokenizer, texts: list[str], tokens_max: int) -> list[np.ndarray]:
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens_max)
    return [np.array(one.ids, np.int32) for one in tokenizer.encode_batch(texts, add_special_tokens=False)]
