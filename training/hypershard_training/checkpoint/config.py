"""``config.json`` of a published dual encoder, read and written.

Layout: what ``HypencoderDualEncoder.save_pretrained`` and ``TextDualEncoder.save_pretrained`` of the released code write
(github.com/jfkback/hypencoder-paper, ``hypencoder_cb/modeling``); members it leaves out have that code's defaults. What hypershard
needs beyond it stands under a member ``hypershard``, which the released code keeps and ignores.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.model.qnet import ACTIVATIONS, QnetArchitecture

EXTENSION_FORMAT = "hypershard.checkpoint/1"
HYPENCODER, DENSE = "HypencoderDualEncoder", "TextDualEncoder"
LOSSES = ("margin_mse", "cross_entropy")
#: The limits of the released code's evaluation (``replication_commands.md``), used where a checkpoint states none.
QUERY_TOKENS_MAX, DOCUMENT_TOKENS_MAX = 64, 512

Pooling = Literal["mean", "cls"]
POOLINGS = ("mean", "cls")
#: Names in ``converter_kwargs`` and the released defaults of what an architecture is made of.
_CONVERTER_DEFAULTS = {
    "activation_type": "relu",
    "do_layer_norm": True,
    "do_residual": True,
    "do_residual_on_last": False,
    "layer_norm_before_residual": True,
}
_CONVERTER_FLAGS = ("do_layer_norm", "do_residual", "do_residual_on_last", "layer_norm_before_residual")
_TRAINING_ONLY = ("do_dropout", "dropout_prob")


@dataclass(frozen=True)
class CheckpointConfig:
    """What ``config.json`` says. ``architecture`` is None for a dense model, ``query_pooling`` for a Hypencoder."""

    architecture: QnetArchitecture | None
    query_pooling: Pooling | None
    document_pooling: Pooling
    #: A folder or a name on the hub: where the transformers' settings and the tokenizer come from if nothing nearer has them.
    query_backbone: str
    document_backbone: str
    shared: bool
    #: Width of the token states; None where the file does not say it, as for dense models.
    hidden: int | None = None
    losses: tuple[tuple[str, dict], ...] = (("margin_mse", {}),)
    normalize_queries: bool = False
    normalize_documents: bool = False
    query_tokens_max: int | None = None
    document_tokens_max: int | None = None
    query_prefix: str = ""
    document_prefix: str = ""
    #: BERT settings by side, as ``config.json`` of a transformer spells them; empty for a published checkpoint.
    transformers: dict[Literal["query", "document"], dict] = field(default_factory=dict)
    #: Whether the file has the member ``hypershard``.
    extended: bool = False


def parse_config(content: Any, where: str) -> CheckpointConfig:
    """Check the JSON of a ``config.json``; ``where`` names the file in errors.

    Raises CheckpointError for an unknown architecture, loss, activation or pooling and for members of a wrong type.
    """
    if not isinstance(content, dict):
        raise CheckpointError(f"{where}: is no JSON object; give the folder that save_pretrained wrote")
    query = _object(content, "query_encoder_kwargs", where)
    document = _object(content, "passage_encoder_kwargs", where)
    kind = _kind(content, query, where)
    hypencoder = kind == HYPENCODER
    embedding = query.get("embedding_representation")
    if embedding is not None and embedding not in POOLINGS:
        raise _unknown(where, "query_encoder_kwargs.embedding_representation", embedding, (None, *POOLINGS))
    return CheckpointConfig(
        architecture=_architecture(_object(query, "converter_kwargs", where), where) if hypencoder else None,
        query_pooling=None if hypencoder else _pooling(query, "query_encoder_kwargs", where),
        document_pooling=_pooling(document, "passage_encoder_kwargs", where),
        query_backbone=_backbone(query, "query_encoder_kwargs", where),
        document_backbone=_backbone(document, "passage_encoder_kwargs", where),
        shared=_flag(content, "shared_encoder", False, "", where),
        hidden=_width(query, where) if hypencoder else None,
        losses=_losses(content, where),
        **_extension(content, where),
    )


def config_json(config: CheckpointConfig) -> dict:
    """The content of ``config.json``: what the released code reads, and ``hypershard``."""
    query: dict[str, Any] = {"model_name_or_path": config.query_backbone, "freeze_transformer": False}
    if config.architecture is None:
        query["pooling_type"] = config.query_pooling
    else:
        query |= {"embedding_representation": None, "base_encoder_output_dim": config.hidden}
        query["converter_kwargs"] = _converter_kwargs(config.architecture)
    extension: dict[str, Any] = {
        "format": EXTENSION_FORMAT,
        "normalizeQueries": config.normalize_queries,
        "normalizeDocuments": config.normalize_documents,
        "maxQueryTokens": config.query_tokens_max,
        "maxDocumentTokens": config.document_tokens_max,
        "transformers": config.transformers,
    }
    prefixes = {"queryPrefix": config.query_prefix, "documentPrefix": config.document_prefix}
    extension |= {name: value for name, value in prefixes.items() if value}
    return {
        "architectures": [DENSE if config.architecture is None else HYPENCODER],
        "hypershard": extension,
        "loss_kwargs": [kwargs for _, kwargs in config.losses],
        "loss_type": [name for name, _ in config.losses],
        "passage_encoder_kwargs": {
            "model_name_or_path": config.document_backbone,
            "freeze_transformer": False,
            "pooling_type": config.document_pooling,
        },
        "passage_encoder_type": "",
        "query_encoder_kwargs": query,
        "query_encoder_type": "",
        "shared_encoder": config.shared,
    }


def _kind(content: dict, query: dict, where: str) -> str:
    """The class that wrote the file; without ``architectures``, what has a q-net converter is a Hypencoder."""
    names = content.get("architectures") or [HYPENCODER if "converter_kwargs" in query else DENSE]
    if not isinstance(names, list) or len(names) != 1 or names[0] not in (HYPENCODER, DENSE):
        raise _unknown(where, "architectures", names, (HYPENCODER, DENSE))
    return names[0]


def _architecture(converter: dict, where: str) -> QnetArchitecture:
    unknown = sorted(set(converter) - {"vector_dimensions", *_CONVERTER_DEFAULTS, *_TRAINING_ONLY})
    if unknown:
        raise CheckpointError(f"{where}: converter_kwargs has {unknown[0]}, which this version does not know; update hypershard")
    dimensions = converter.get("vector_dimensions")
    if not isinstance(dimensions, list) or not all(isinstance(width, int) and width > 0 for width in dimensions):
        raise CheckpointError(f"{where}: converter_kwargs.vector_dimensions must list widths, it is {dimensions}; mend the file")
    settings = _CONVERTER_DEFAULTS | converter
    if settings["activation_type"] not in tuple(ACTIVATIONS):
        raise _unknown(where, "converter_kwargs.activation_type", settings["activation_type"], tuple(ACTIVATIONS))
    if settings["do_residual_on_last"] is None:  # which the released code reads as "the same"
        settings["do_residual_on_last"] = settings["do_residual"]
    flags = {name: _flag(settings, name, None, "converter_kwargs.", where) for name in _CONVERTER_FLAGS}
    try:
        return QnetArchitecture(
            tuple(dimensions),
            activation=settings["activation_type"],
            layer_norm=flags["do_layer_norm"],
            layer_norm_before_residual=flags["layer_norm_before_residual"],
            residual=flags["do_residual"],
            residual_on_last=flags["do_residual_on_last"],
        )
    except ValueError as error:
        raise CheckpointError(f"{where}: converter_kwargs describe no q-net: {error}; mend the file") from error


def _converter_kwargs(architecture: QnetArchitecture) -> dict:
    return {
        "vector_dimensions": list(architecture.vector_dimensions),
        "activation_type": architecture.activation,
        "do_layer_norm": architecture.layer_norm,
        "do_residual": architecture.residual,
        "do_residual_on_last": architecture.residual_on_last,
        "layer_norm_before_residual": architecture.layer_norm_before_residual,
    }


def _losses(content: dict, where: str) -> tuple[tuple[str, dict], ...]:
    """Losses are for training alone; an unknown one still tells of a model with another score than we compute."""
    names, kwargs = content.get("loss_type", []), content.get("loss_kwargs", [])
    names = [names] if isinstance(names, str) else names
    kwargs = [kwargs] if isinstance(kwargs, dict) else kwargs
    for name in names if isinstance(names, list) else [names]:
        if name != "" and name not in LOSSES:
            raise _unknown(where, "loss_type", name, LOSSES)
    if not isinstance(kwargs, list) or not all(isinstance(own, dict) for own in kwargs):
        raise CheckpointError(f"{where}: loss_kwargs is {kwargs!r}, it must be a list of objects; mend the file")
    if len(names) != len(kwargs):
        raise CheckpointError(f"{where}: {len(names)} loss_type but {len(kwargs)} loss_kwargs; give one for each")
    return tuple(zip(names, kwargs, strict=True))


def _extension(content: dict, where: str) -> dict[str, Any]:
    extension = content.get("hypershard")
    if extension is None:
        return {}
    if not isinstance(extension, dict) or extension.get("format") != EXTENSION_FORMAT:
        raise CheckpointError(f"{where}: hypershard.format is not {EXTENSION_FORMAT}; update hypershard or mend the file")
    transformers = extension.get("transformers", {})
    if not isinstance(transformers, dict) or not all(isinstance(own, dict) for own in transformers.values()):
        raise CheckpointError(f"{where}: hypershard.transformers must be an object of objects; copy the checkpoint again")
    return {
        "normalize_queries": _flag(extension, "normalizeQueries", False, "hypershard.", where),
        "normalize_documents": _flag(extension, "normalizeDocuments", False, "hypershard.", where),
        "query_tokens_max": extension.get("maxQueryTokens"),
        "document_tokens_max": extension.get("maxDocumentTokens"),
        "query_prefix": _prefix(extension, "queryPrefix", where),
        "document_prefix": _prefix(extension, "documentPrefix", where),
        "transformers": transformers,
        "extended": True,
    }


def _pooling(kwargs: dict, name: str, where: str) -> Pooling:
    pooling = kwargs.get("pooling_type", "cls")
    if pooling not in POOLINGS:
        raise _unknown(where, f"{name}.pooling_type", pooling, POOLINGS)
    return pooling


def _flag(parent: dict, name: str, default: bool | None, prefix: str, where: str) -> bool:
    value = parent.get(name, default)
    if not isinstance(value, bool):
        raise _unknown(where, prefix + name, value, (True, False))
    return value


def _backbone(kwargs: dict, name: str, where: str) -> str:
    value = kwargs.get("model_name_or_path", "")
    if not isinstance(value, str):
        raise CheckpointError(f"{where}: {name}.model_name_or_path is {value!r}, it must be a folder or a name; mend the file")
    return value


def _prefix(extension: dict, name: str, where: str) -> str:
    value = extension.get(name, "")
    if not isinstance(value, str):
        raise CheckpointError(f"{where}: hypershard.{name} is {value!r}, it must be a text; mend the file")
    return value


def _width(query: dict, where: str) -> int:
    """Of the token states; the released default is that of BERT base."""
    value = query.get("base_encoder_output_dim", 768)
    if not isinstance(value, int):
        raise CheckpointError(f"{where}: query_encoder_kwargs.base_encoder_output_dim is {value!r}, no width; mend the file")
    return value


def _object(parent: dict, name: str, where: str) -> dict:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise CheckpointError(f"{where}: has no {name}; give the folder of a Hypencoder or text dual encoder")
    return value


def _unknown(where: str, member: str, value: Any, known: tuple) -> CheckpointError:
    return CheckpointError(f"{where}: {member} is {value!r}; known are {', '.join(map(str, known))}")
