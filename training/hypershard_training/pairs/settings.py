"""The settings of ``train-cross-encoder``: a YAML file, checked as that of ``train`` is. docs/training.md lists every key."""

from dataclasses import dataclass, field
from pathlib import Path

from hypershard_training.checkpoint.cross_encoder import BESIDE_QUERY_MIN
from hypershard_training.train.precision import AUTO, DTYPES
from hypershard_training.train.settings import EncodeSettings, SourceSettings, read_settings


@dataclass(frozen=True)
class PairModelSettings:
    """The cross-encoder: embeddings, pooler and some layers of the backbone, and a new classifier."""

    layers: int = 3
    #: Of a pair that is judged or served; and what of these its query may take.
    tokens_max: int = 192
    query_tokens_max: int = 64
    #: The ``cross-encoder`` of a finished run, whose weights are where this one starts; empty for the backbone's.
    start_from: str = ""


@dataclass(frozen=True)
class MineSettings:
    """How many of a query's best documents by either ranking are its hard negatives, less the known positives."""

    bm25: int = 30
    dense: int = 30


@dataclass(frozen=True)
class PairOptimiseSettings:
    """One run of AdamW over the cross-entropy of one positive among its negatives."""

    steps: int = 3000
    #: Queries a step; each brings ``1 + negatives + random_negatives`` pairs.
    batch: int = 8
    #: Mined ones, and documents of the source drawn at random.
    negatives: int = 5
    random_negatives: int = 2
    #: Pairs are cut to this in training steps, and there alone.
    tokens_max: int = 192
    learning_rate: float = 1e-4
    #: Times the learning rate, for the pooler and the classifier, which is new.
    head_rate: float = 5.0
    warmup_steps: int = 100
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    #: Decay of the average of the weights that is kept as the result; 0 keeps the last weights.
    average: float = 0.99


@dataclass(frozen=True)
class PairReportSettings:
    """What is measured and written on the way."""

    #: A source.
    validation_queries: int = 20
    #: Documents that are ranked for each: its positives, and its best other ones by either ranking.
    validation_candidates: int = 20
    validate_steps: int = 500
    checkpoint_steps: int = 100


@dataclass(frozen=True)
class PairSettings:
    """The whole configuration. ``encode`` is of the backbone that is begun with and that mines negatives."""

    sources: tuple[SourceSettings, ...]
    seed: int = 0
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    model: PairModelSettings = field(default_factory=PairModelSettings)
    mine: MineSettings = field(default_factory=MineSettings)
    optimise: PairOptimiseSettings = field(default_factory=PairOptimiseSettings)
    report: PairReportSettings = field(default_factory=PairReportSettings)


def load_pair_settings(path: Path, overrides: list[str]) -> PairSettings:
    """Read ``path`` and apply ``key.path=value`` overrides; a ``TrainingError`` tells all that is wrong."""
    return read_settings(PairSettings, path, overrides, _inconsistencies)


def _inconsistencies(settings: PairSettings) -> list[str]:
    names = [source.name for source in settings.sources]
    model, mine, optimise, report = settings.model, settings.mine, settings.optimise, settings.report
    checks = (
        (bool(names), "sources is empty"),
        (len(set(names)) == len(names), "two sources have one name"),
        (
            all(bool(source.collection) != bool(source.pairs) for source in settings.sources),
            "each of sources needs either collection or pairs",
        ),
        (all(source.weight > 0 for source in settings.sources), "sources[].weight must be above 0"),
        (all(min(s.documents_max, s.queries_max) > 0 for s in settings.sources), "documentsMax and queriesMax must be above 0"),
        (not any(source.vectors for source in settings.sources), "sources[].vectors is for train; leave it out"),
        (settings.encode.precision in (AUTO, *DTYPES), f"encode.precision must be one of {', '.join((AUTO, *DTYPES))}"),
        (settings.seed >= 0, "seed must be 0 or more"),
        (1 <= model.layers <= 48, "model.layers must be 1 to 48"),
        (
            1 <= model.query_tokens_max <= min(model.tokens_max, optimise.tokens_max) - BESIDE_QUERY_MIN,
            f"model.queryTokensMax must be 1 or more, and at most {BESIDE_QUERY_MIN} less than model.tokensMax and optimise.tokensMax",
        ),
        (optimise.tokens_max <= model.tokens_max, "optimise.tokensMax must be at most model.tokensMax"),
        (min(mine.bm25, mine.dense) >= 0 and max(mine.bm25, mine.dense) > 0, "mine needs bm25 or dense above 0, and none below"),
        (max(mine.bm25, mine.dense) <= 100, "mine.bm25 and mine.dense must be at most 100"),
        (1 <= optimise.steps <= 10_000_000, "optimise.steps must be 1 to 10,000,000"),
        (1 <= optimise.batch <= 4096, "optimise.batch must be 1 to 4096"),
        (
            min(optimise.negatives, optimise.random_negatives) >= 0
            and 1 <= optimise.negatives + optimise.random_negatives <= 255,
            "optimise.negatives and randomNegatives must be 0 or more, and together 1 to 255",
        ),
        (min(optimise.learning_rate, optimise.head_rate) > 0, "optimise.learningRate and headRate must be above 0"),
        (min(optimise.warmup_steps, optimise.weight_decay) >= 0, "optimise.warmupSteps and weightDecay must be 0 or more"),
        (optimise.clip_norm > 0, "optimise.clipNorm must be above 0"),
        (0 <= optimise.average < 1, "optimise.average must be 0 or more and under 1"),
        (min(report.validate_steps, report.checkpoint_steps) > 0, "report.validateSteps and checkpointSteps must be above 0"),
        (
            report.validation_queries >= 0 and report.validation_candidates > 1,
            "report.validationQueries must be 0 or more, validationCandidates above 1",
        ),
    )
    return [problem for holds, problem in checks if not holds]
