"""A dual encoder in PyTorch: a Hypencoder, or a dense one, in the layout of the published checkpoints.

Read with ``load_checkpoint``, written with ``save_checkpoint``. What is written here, the released code reads too; it ignores the
member ``hypershard`` of ``config.json``, and with it that document vectors are scaled to length 1 where a model says so.

The released mean pooling adds the states of padding, so its vectors depend on the batch; ours are those of a text alone.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from tokenizers import Tokenizer

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.config import (
    DOCUMENT_TOKENS_MAX,
    QUERY_TOKENS_MAX,
    CheckpointConfig,
    Pooling,
    config_json,
    parse_config,
)
from hypershard_training.checkpoint.names import DOCUMENT, QUERY, head_from_published, head_to_published, published_head_shapes
from hypershard_training.checkpoint.source import Backbone, checkpoint_folder, read_json
from hypershard_training.checkpoint.tensors import check_all, files_digest, read_tensors, weight_files
from hypershard_training.model.bert_weights import BertSettings
from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.model_directory import plain_tokenizer_json
from hypershard_training.model.qnet import QnetArchitecture

#: The most tokens that the format ``hypershard.model/1`` allows, and the fewest.
TOKENS_MAX, TOKENS_MIN = 8192, 3
PREFIX_CHARACTERS_MAX = 1000
#: In a BERT, but not on the way to its token states.
_UNUSED = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")
_SPECIAL_TOKENS = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}


@dataclass(frozen=True)
class Transformer:
    """A BERT: its settings, and its weights in float32 by the names of ``BertSettings.tensor_shapes``."""

    settings: BertSettings
    weights: dict[str, torch.Tensor]


@dataclass(frozen=True)
class DualEncoder:
    """Queries to q-nets and documents to vectors.

    A dense model has no ``head``: its q-net is one matrix, the query's pooled vector, and ``architecture`` is (hidden, 1).
    """

    architecture: QnetArchitecture
    #: Names and shapes of ``hyper_head_parameter_shapes``, float32.
    head: dict[str, torch.Tensor] | None
    query: Transformer
    #: The very same object where the encoders are shared.
    document: Transformer
    tokenizer_json: str
    document_pooling: Pooling = "cls"
    normalize_documents: bool = False
    #: Of a dense model alone.
    query_pooling: Pooling = "cls"
    normalize_queries: bool = False
    query_tokens_max: int = QUERY_TOKENS_MAX
    document_tokens_max: int = DOCUMENT_TOKENS_MAX
    #: What is put before each query, and each document; the limits above count it.
    query_prefix: str = ""
    document_prefix: str = ""
    #: A folder or a name on the hub that the released code can build the transformers from.
    backbone: str = ""
    #: The document encoder's, where it is another.
    document_backbone: str | None = None
    losses: tuple[tuple[str, dict], ...] = (("margin_mse", {}),)
    #: What the model is and where its weights come from, for people; the first may be left to the export.
    description: str = ""
    source: str = ""
    #: What a user of the model should be told.
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        hidden = self.query.settings.hidden
        if self.architecture.vector_dimensions[0] != hidden or self.document.settings.hidden != hidden:
            raise CheckpointError(
                f"q-net: vector_dimensions start at {self.architecture.vector_dimensions[0]}, the encoders' widths are {hidden} "
                f"(query) and {self.document.settings.hidden} (document); all three must be equal"
            )
        for name, tokens, side in (
            ("query_tokens_max", self.query_tokens_max, self.query),
            ("document_tokens_max", self.document_tokens_max, self.document),
        ):
            longest = min(side.settings.positions, TOKENS_MAX)
            if not isinstance(tokens, int) or not TOKENS_MIN <= tokens <= longest:
                raise CheckpointError(f"{name} is {tokens}; this model reads {TOKENS_MIN} to {longest} tokens, give one of them")
        _check_tokenizer(self)
        _check_prefixes(self)


def load_checkpoint(source: str | Path, backbone: Path | None = None) -> DualEncoder:
    """Read a checkpoint from a folder, or by its name on the hub.

    ``backbone`` is the folder with the transformers' ``config.json`` and the tokenizer, for checkpoints that lack them.
    Raises CheckpointError for whatever is wrong with it.
    """
    folder = checkpoint_folder(str(source))
    config = parse_config(read_json(folder / "config.json"), str(folder / "config.json"))
    files = weight_files(folder)
    tensors = read_tensors(files)
    nearer = Backbone(folder, backbone)
    query_settings = nearer.settings(config.transformers.get("query"), config.query_backbone)
    document_settings = query_settings
    if not config.shared:
        document_settings = nearer.settings(config.transformers.get("document"), config.document_backbone)
    if config.hidden is not None and config.hidden != query_settings.hidden:
        raise CheckpointError(
            f"{folder / 'config.json'}: base_encoder_output_dim is {config.hidden}, the transformer is {query_settings.hidden} "
            "wide; check --backbone"
        )
    where = str(files[0] if len(files) == 1 else folder)
    query, document, head = _split(tensors, config, (query_settings, document_settings), where)
    return DualEncoder(
        architecture=config.architecture or dense_architecture(query_settings.hidden),
        head=head,
        query=query,
        document=document,
        tokenizer_json=nearer.tokenizer_json(config.query_backbone),
        document_pooling=config.document_pooling,
        normalize_documents=config.normalize_documents,
        query_pooling=config.query_pooling or "cls",
        normalize_queries=config.normalize_queries,
        query_tokens_max=config.query_tokens_max or min(QUERY_TOKENS_MAX, query_settings.positions),
        document_tokens_max=config.document_tokens_max or min(DOCUMENT_TOKENS_MAX, document_settings.positions),
        query_prefix=config.query_prefix,
        document_prefix=config.document_prefix,
        backbone=config.query_backbone,
        document_backbone=None if config.document_backbone == config.query_backbone else config.document_backbone,
        losses=config.losses,
        source=f"{_shown_name(source)}, weights sha256 {files_digest(files)}",
        notes=_notes(config),
    )


def save_checkpoint(model: DualEncoder, folder: Path) -> None:
    """Write ``config.json``, ``model.safetensors``, ``tokenizer.json`` and ``tokenizer_config.json``; the same bytes every time.

    Shared encoders are stored once, under the query encoder's names.
    """
    shared = same_weights(model)
    tensors = {QUERY + name: value for name, value in model.query.weights.items()}
    if not shared:
        tensors |= {DOCUMENT + name: value for name, value in model.document.weights.items()}
    if model.head is not None:
        check_all(model.head, hyper_head_parameter_shapes(model.architecture, model.query.settings.hidden), "hyper-head")
        tensors |= head_to_published(model.head, model.architecture)
    transformers = {"query": model.query.settings.to_config()}
    if not shared:
        transformers["document"] = model.document.settings.to_config()
    config = CheckpointConfig(
        architecture=None if model.head is None else model.architecture,
        query_pooling=model.query_pooling,
        document_pooling=model.document_pooling,
        query_backbone=model.backbone,
        document_backbone=model.backbone if model.document_backbone is None else model.document_backbone,
        shared=shared,
        hidden=model.query.settings.hidden,
        losses=model.losses,
        normalize_queries=model.normalize_queries,
        normalize_documents=model.normalize_documents,
        query_tokens_max=model.query_tokens_max,
        document_tokens_max=model.document_tokens_max,
        query_prefix=model.query_prefix,
        document_prefix=model.document_prefix,
        transformers=transformers,
    )
    folder.mkdir(parents=True, exist_ok=True)
    ready = {name: value.detach().float().cpu().contiguous().clone() for name, value in tensors.items()}
    (folder / "model.safetensors").write_bytes(save(ready, metadata={"format": "pt"}))
    _write_json(folder / "config.json", config_json(config))
    (folder / "tokenizer.json").write_text(plain_tokenizer_json(model.tokenizer_json), encoding="utf-8")
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(model))


def dense_architecture(hidden: int) -> QnetArchitecture:
    """An inner product, as the q-net of depth 0."""
    return QnetArchitecture((hidden, 1), "relu", layer_norm=False, residual=False)


def same_weights(model: DualEncoder) -> bool:
    """Whether both encoders compute the same, so that one graph serves both."""
    query, document = model.query, model.document
    if query is document:
        return True
    if query.settings != document.settings:
        return False
    names = query.settings.tensor_shapes()
    return all(torch.equal(query.weights[name], document.weights[name]) for name in names)


def _split(
    tensors: dict[str, torch.Tensor], config: CheckpointConfig, settings: tuple[BertSettings, BertSettings], where: str
) -> tuple[Transformer, Transformer, dict[str, torch.Tensor] | None]:
    """Check all tensors and sort them into query encoder, document encoder and hyper-head."""
    if config.shared:
        tensors = _merge_shared(tensors, where)
    query_settings, document_settings = settings
    head_shapes = published_head_shapes(config.architecture, query_settings.hidden) if config.architecture else {}
    expected = {QUERY + name: shape for name, shape in query_settings.tensor_shapes().items()} | head_shapes
    if not config.shared:
        expected |= {DOCUMENT + name: shape for name, shape in document_settings.tensor_shapes().items()}
    unused = {prefix + name for prefix in (QUERY, DOCUMENT) for name in _UNUSED}
    check_all({name: value for name, value in tensors.items() if name not in unused}, expected, where)
    query = _transformer(tensors, QUERY, query_settings)
    document = query if config.shared else _transformer(tensors, DOCUMENT, document_settings)
    head = head_from_published(tensors, config.architecture, query_settings.hidden) if config.architecture else None
    return query, document, head


def _merge_shared(tensors: dict[str, torch.Tensor], where: str) -> dict[str, torch.Tensor]:
    """Shared weights stand under either encoder's name, or under both: here all under the query encoder's."""
    merged = {name: value for name, value in tensors.items() if not name.startswith(DOCUMENT)}
    for name, value in tensors.items():
        if not name.startswith(DOCUMENT):
            continue
        own = QUERY + name.removeprefix(DOCUMENT)
        if own in merged and not torch.equal(merged[own], value):
            raise CheckpointError(
                f"{where}: shared_encoder is true, but {name} and {own} differ; set it to false if they were trained apart"
            )
        merged[own] = value
    return merged


def _transformer(tensors: dict[str, torch.Tensor], prefix: str, settings: BertSettings) -> Transformer:
    """Out of tensors that were checked before."""
    return Transformer(settings, {name: tensors[prefix + name] for name in settings.tensor_shapes()})


def _check_tokenizer(model: DualEncoder) -> None:
    ids = Tokenizer.from_str(model.tokenizer_json).get_vocab(with_added_tokens=True).values()
    if not ids:
        raise CheckpointError("tokenizer: has no tokens; give the tokenizer that belongs to the encoder")
    vocabulary = min(model.query.settings.vocabulary, model.document.settings.vocabulary)
    if max(ids) >= vocabulary:
        raise CheckpointError(
            f"tokenizer: has token id {max(ids)}, the encoder's vocabulary ends at {vocabulary - 1}; "
            "give the tokenizer that belongs to the encoder"
        )


def _check_prefixes(model: DualEncoder) -> None:
    """What the format ``hypershard.model/1`` would be refused for."""
    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    sides = (
        ("query", model.query_prefix, model.query_tokens_max),
        ("document", model.document_prefix, model.document_tokens_max),
    )
    for side, prefix, tokens_max in sides:
        if prefix and (not prefix.strip() or not prefix[-1].isspace() or len(prefix) > PREFIX_CHARACTERS_MAX):
            raise CheckpointError(
                f"{side} prefix {prefix[:80]!r}: must be a text of at most {PREFIX_CHARACTERS_MAX:,} characters with white space at "
                "its end; give another"
            )
        if len(tokenizer.encode(prefix).ids) >= tokens_max:
            raise CheckpointError(f"{side} prefix: leaves a text none of the {tokens_max} tokens; raise the limit or shorten it")


def _notes(config: CheckpointConfig) -> tuple[str, ...]:
    if config.extended or "mean" not in (config.query_pooling, config.document_pooling):
        return ()
    note = "the released mean pooling adds padding to the vectors of batched texts; this model gives those of a text alone"
    return (note,)


def _shown_name(source: str | Path) -> str:
    """A folder by its last part, since paths are nobody else's business; a name on the hub whole."""
    return Path(source).resolve().name if Path(source).is_dir() else str(source)


def _tokenizer_config(model: DualEncoder) -> dict:
    known = Tokenizer.from_str(model.tokenizer_json).get_vocab(with_added_tokens=True)
    special = {role: token for role, token in _SPECIAL_TOKENS.items() if token in known}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.document.settings.positions,
        **special,
    }


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
