"""Where a checkpoint's files are: in a folder, or on the Hugging Face hub when no such folder is there.

The released code builds its transformers from ``model_name_or_path`` and so needs the hub even for a local checkpoint. Here the
settings of the transformers and the tokenizer are looked for nearer first: in the checkpoint, then in the folder that the user
gives, then where ``model_name_or_path`` points.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tokenizers import BertWordPieceTokenizer, Tokenizer

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.tensors import first_line
from hypershard_training.model.bert_weights import BertSettings, read_bert_settings
from hypershard_training.model.model_directory import plain_tokenizer_json

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_BACKBONE_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
#: The whole numbers of ``BertSettings.to_config``.
_SIZES = (
    "hidden_size",
    "num_attention_heads",
    "num_hidden_layers",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
)
#: How a sentence-transformers model pools, and what it puts before a text.
_SENTENCE_FILES = ["modules.json", "*/config.json", "config_sentence_transformers.json", "sentence_bert_config.json"]
_CHECKPOINT_FILES = [*_BACKBONE_FILES, *_SENTENCE_FILES, "model*.safetensors", "*.index.json"]


def checkpoint_folder(source: str) -> Path:
    """The folder ``source``, or a snapshot of the model of that name on the hub, as ``jfkback/hypencoder.6_layer``."""
    folder = Path(source)
    if folder.is_dir():
        return folder
    if folder.exists() or not _HUB_NAME.fullmatch(source):
        raise CheckpointError(f"{source}: is no folder; give a checkpoint's folder or a model's name on the hub")
    snapshot = _download(source, _CHECKPOINT_FILES)
    if any(snapshot.glob("model*.safetensors")):
        return snapshot
    return _download(source, [*_CHECKPOINT_FILES, "pytorch_model*.bin"])


@dataclass(frozen=True)
class Backbone:
    """Finds what the transformer that a checkpoint was trained from tells."""

    checkpoint: Path
    #: The folder the user gave, if any.
    given: Path | None

    def settings(self, config: dict | None, name: str) -> BertSettings:
        """BERT settings from ``config`` if the checkpoint has it, else from the given folder, else from ``name``."""
        where = f"{self.checkpoint / 'config.json'}, hypershard.transformers"
        if config is None:
            path = self._folder(name, "the transformer's config.json") / "config.json"
            where, config = str(path), read_json(path)
        _check_sizes(config, where)
        try:
            return read_bert_settings(config)
        except ValueError as error:
            raise CheckpointError(f"{where}: {error}; only BERT encoders can be exported") from error

    def tokenizer_json(self, name: str) -> str:
        """``tokenizer.json``, without truncation and padding; made of ``vocab.txt`` where a folder has only that."""
        folders = [self.checkpoint, self.given] if self.given else [self.checkpoint]
        found = next((folder for folder in folders if _has_tokenizer(folder)), None)
        folder = found or self._folder(name, "the tokenizer")
        if not _has_tokenizer(folder):
            raise CheckpointError(f"{folder}: has neither tokenizer.json nor vocab.txt; give a folder that has with --backbone")
        text = _tokenizer_text(folder)
        try:
            Tokenizer.from_str(text)
            return plain_tokenizer_json(text)
        except Exception as error:  # the tokenizers library raises nothing narrower
            raise CheckpointError(f"{folder / 'tokenizer.json'}: cannot be read: {first_line(error)}; copy it again") from error

    def _folder(self, name: str, wanted: str) -> Path:
        folder = self.given or Path(name)
        if self.given is not None or (name and folder.is_dir()):
            if not folder.is_dir():
                raise CheckpointError(f"{folder}: is no folder; give the transformer's with --backbone")
            return folder
        if not _HUB_NAME.fullmatch(name):
            raise CheckpointError(
                f"{self.checkpoint}: lacks {wanted}, and model_name_or_path {name!r} is no folder; give one with --backbone"
            )
        return _download(name, _BACKBONE_FILES)


def read_json(path: Path) -> dict:
    """A JSON object from a file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: is missing; give the folder that save_pretrained wrote") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: cannot be read as JSON: {error}; copy it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: is no JSON object; copy it again")
    return content


def _check_sizes(config: object, where: str) -> None:
    """Refuse numbers that no transformer has. Those that are absent are told by ``read_bert_settings``."""
    if not isinstance(config, dict):
        raise CheckpointError(f"{where}: describes no transformer: {config!r}; copy the checkpoint again")
    for name in _SIZES:
        value = config.get(name, 1)
        if not isinstance(value, int) or not 0 < value < 1 << 31:
            raise CheckpointError(f"{where}: {name} is {value!r}, it must be a whole number above 0; mend the file")
    epsilon = config.get("layer_norm_eps", 1e-12)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise CheckpointError(f"{where}: layer_norm_eps is {epsilon!r}, it must be between 0 and 1; mend the file")


def _has_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file() or (folder / "vocab.txt").is_file()


def _tokenizer_text(folder: Path) -> str:
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8")
        path = folder / "vocab.txt"
        settings = folder / "tokenizer_config.json"
        lowercase = read_json(settings).get("do_lower_case", True) if settings.is_file() else True
        return BertWordPieceTokenizer(str(path), lowercase=bool(lowercase)).to_str()
    except CheckpointError:
        raise
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise CheckpointError(f"{path}: the tokenizer cannot be read: {first_line(error)}; copy it again") from error


def _download(name: str, patterns: list[str]) -> Path:
    """Files of a model on the hub, from the local cache where they are in it."""
    from huggingface_hub import snapshot_download  # only a model that is not in a folder needs it

    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{name}: is no folder here and could not be fetched from the hub: {first_line(error)}; give a folder, or --backbone"
        ) from error
