"""A BERT that embeds texts, as transformers or sentence-transformers save it: all-MiniLM, bge, e5, gte and their like.

It becomes a dense model: one encoder for queries and documents, whose pooled token states are compared. How they are pooled and
what is put before a text stands in the files of sentence-transformers, where those are in the folder; the user may say otherwise.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from hypershard_training.checkpoint.bert_folder import read_bert_folder
from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.config import DOCUMENT_TOKENS_MAX, POOLINGS, QUERY_TOKENS_MAX, Pooling
from hypershard_training.checkpoint.dual_encoder import DualEncoder, dense_architecture
from hypershard_training.checkpoint.source import checkpoint_folder, read_json
from hypershard_training.checkpoint.tensors import files_digest, weight_files

#: The parts of a sentence-transformers model that hypershard computes; another one would change the vectors.
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")
_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}


@dataclass(frozen=True)
class SentenceOptions:
    """What the user says of the model; None leaves it to the files."""

    pooling: Pooling | None = None
    normalize: bool | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None
    query_tokens_max: int | None = None
    document_tokens_max: int | None = None


def is_sentence_encoder(source: str) -> bool:
    """Whether the folder, or the model of that name on the hub, is a plain BERT, with no head or with one that vectors do not need."""
    folder = Path(source) if Path(source).exists() else checkpoint_folder(source)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return config.get("model_type") == "bert" and "query_encoder_kwargs" not in config
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def load_sentence_encoder(source: str, options: SentenceOptions, tokenizer: Path | None = None) -> DualEncoder:
    """Read the model; ``tokenizer`` is the folder with its tokenizer, if it has none. Raises CheckpointError."""
    folder = checkpoint_folder(source)
    transformer, tokenizer_json = read_bert_folder(folder, tokenizer)
    pooling, normalize = _pooling(folder)
    pooling = options.pooling or pooling
    if pooling is None:
        raise CheckpointError(f"{folder}: does not say how token states become a vector; give --pooling mean or cls")
    normalize = normalize if options.normalize is None else options.normalize
    prompts = _prompts(folder)
    query_prefix = prompts["query"] if options.query_prefix is None else options.query_prefix
    document_prefix = prompts["document"] if options.document_prefix is None else options.document_prefix
    longest = transformer.settings.positions
    return DualEncoder(
        architecture=dense_architecture(transformer.settings.hidden),
        head=None,
        query=transformer,
        document=transformer,
        tokenizer_json=tokenizer_json,
        document_pooling=pooling,
        normalize_documents=normalize,
        query_pooling=pooling,
        normalize_queries=normalize,
        # A query keeps its room, whatever is put before it.
        query_tokens_max=options.query_tokens_max or min(longest, QUERY_TOKENS_MAX + _tokens_of(tokenizer_json, query_prefix)),
        document_tokens_max=options.document_tokens_max or _longest_text(folder) or min(longest, DOCUMENT_TOKENS_MAX),
        query_prefix=query_prefix,
        document_prefix=document_prefix,
        backbone=folder.resolve().name,
        source=f"{folder.resolve().name}, weights sha256 {files_digest(weight_files(folder))}",
    )


def _pooling(folder: Path) -> tuple[Pooling | None, bool]:
    """How states are pooled, and whether vectors are scaled to length 1; a folder that says nothing of it gives (None, True)."""
    modules = _read_list(folder / "modules.json")
    if modules is None:
        return None, True
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    unknown = [kind for kind in kinds if kind not in _KNOWN_MODULES]
    if unknown or kinds.count("Pooling") != 1:
        raise CheckpointError(
            f"{folder / 'modules.json'}: its modules are {', '.join(kinds)}; a model of {', '.join(_KNOWN_MODULES)} can be exported"
        )
    path = folder / str(modules[kinds.index("Pooling")].get("path", "")) / "config.json"
    settings = read_json(path)
    chosen = [name for name in settings if name.startswith("pooling_mode_") and settings[name] is True]
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    mode = settings.get("pooling_mode") or (known.get(chosen[0], chosen[0]) if len(chosen) == 1 else chosen)
    if mode not in POOLINGS:
        raise CheckpointError(f"{path}: pools by {mode}; hypershard knows {', '.join(POOLINGS)}")
    return mode, "Normalize" in kinds


def _prompts(folder: Path) -> dict[str, str]:
    path = folder / "config_sentence_transformers.json"
    given = (read_json(path).get("prompts") if path.is_file() else None) or {}
    if not isinstance(given, dict):
        raise CheckpointError(f"{path}: prompts must be an object of texts; mend the file")
    found = {side: next((given[name] for name in names if given.get(name)), "") for side, names in _PROMPTS.items()}
    for side, text in found.items():
        if not isinstance(text, str):
            raise CheckpointError(f"{path}: the prompt of a {side} is {text!r}, no text; mend the file")
    return found


def _longest_text(folder: Path) -> int | None:
    path = folder / "sentence_bert_config.json"
    return read_json(path).get("max_seq_length") if path.is_file() else None


def _read_list(path: Path) -> list[dict] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: cannot be read as JSON: {error}; copy it again") from error
    if not isinstance(content, list) or not all(isinstance(own, dict) for own in content):
        raise CheckpointError(f"{path}: is no list of modules; copy it again")
    return content


def _tokens_of(tokenizer_json: str, prefix: str) -> int:
    """That a prefix takes, the special ones around it left out."""
    tokenizer = Tokenizer.from_str(tokenizer_json)
    return len(tokenizer.encode(prefix, add_special_tokens=False).ids)
