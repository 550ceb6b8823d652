"""A BERT cross-encoder as transformers and sentence-transformers save it: ``BertForSequenceClassification`` with one label.

ms-marco-MiniLM and TinyBERT rerankers are of this kind. A pair is ``[CLS] query [SEP] text [SEP]``; its score is the one logit.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.source import Backbone, checkpoint_folder, read_json
from hypershard_training.checkpoint.tensors import check_all, files_digest, read_tensors, weight_files
from hypershard_training.model.bert_weights import BertSettings

ARCHITECTURE = "BertForSequenceClassification"
_PREFIX = "bert."
#: Buffers that some releases of transformers saved and that nothing is computed with.
_UNUSED = ("bert.embeddings.position_ids", "bert.embeddings.token_type_ids")
#: What a tokenizer puts around a pair, and one token of the text.
BESIDE_QUERY_MIN = 5
QUERY_TOKENS_DEFAULT = 64


@dataclass(frozen=True)
class CrossEncoder:
    settings: BertSettings
    #: As of ``transformers.BertModel``, without the prefix.
    bert: dict[str, torch.Tensor]
    #: ``pooler.weight``, ``pooler.bias``, ``classifier.weight``, ``classifier.bias``.
    head: dict[str, torch.Tensor]
    tokenizer_json: str
    #: Of a pair, and of these what its query may take.
    tokens_max: int
    query_tokens_max: int
    source: str

    def __post_init__(self) -> None:
        if not 1 + BESIDE_QUERY_MIN <= self.tokens_max <= min(self.settings.positions, 8192):
            raise CheckpointError(
                f"a pair may have 6 to {min(self.settings.positions, 8192)} tokens, not {self.tokens_max}; give another --max-tokens"
            )
        if not 1 <= self.query_tokens_max <= self.tokens_max - BESIDE_QUERY_MIN:
            raise CheckpointError(
                f"a query may have 1 to {self.tokens_max - BESIDE_QUERY_MIN} of the {self.tokens_max} tokens, "
                f"not {self.query_tokens_max}; give another --max-query-tokens"
            )


def is_cross_encoder(source: str) -> bool:
    """Whether the folder, or the model of that name on the hub, says that it is one."""
    path = Path(source) / "config.json"
    if not path.is_file():
        path = checkpoint_folder(source) / "config.json" if not Path(source).exists() else path
    try:
        return ARCHITECTURE in (json.loads(path.read_text(encoding="utf-8")).get("architectures") or [])
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return False


def load_cross_encoder(
    source: str, backbone: Path | None = None, *, tokens_max: int | None = None, query_tokens_max: int | None = None
) -> CrossEncoder:
    """Read and check one; CheckpointError says in one line what is wrong and what to do."""
    folder = checkpoint_folder(source)
    config = read_json(folder / "config.json")
    labels = len(config["id2label"]) if isinstance(config.get("id2label"), dict) else config.get("num_labels", 2)
    if labels != 1:
        raise CheckpointError(
            f"{folder / 'config.json'}: has {labels} labels; a cross-encoder that ranks has one, the score: train it with num_labels=1"
        )
    near = Backbone(folder, backbone)
    settings = near.settings(config, str(folder))
    files = weight_files(folder)
    stored = {name: value for name, value in read_tensors(files).items() if name not in _UNUSED}
    check_all(stored, _shapes(settings), str(folder))
    bert = {name.removeprefix(_PREFIX): value for name, value in stored.items() if name.startswith(_PREFIX)}
    head = {
        **{f"pooler.{kind}": bert.pop(f"pooler.dense.{kind}") for kind in ("weight", "bias")},
        **{f"classifier.{kind}": stored[f"classifier.{kind}"] for kind in ("weight", "bias")},
    }
    longest = settings.positions if tokens_max is None else tokens_max
    own_query = min(QUERY_TOKENS_DEFAULT, max(1, longest - BESIDE_QUERY_MIN)) if query_tokens_max is None else query_tokens_max
    tokenizer_json = near.tokenizer_json(str(folder))
    _check_pairs(tokenizer_json, settings, str(folder))
    digest = files_digest(files)
    return CrossEncoder(settings, bert, head, tokenizer_json, longest, own_query, f"{Path(source).name}, weights sha256 {digest}")


def _shapes(settings: BertSettings) -> dict[str, tuple[int, ...]]:
    hidden = settings.hidden
    return {
        **{f"{_PREFIX}{name}": shape for name, shape in settings.tensor_shapes().items()},
        f"{_PREFIX}pooler.dense.weight": (hidden, hidden),
        f"{_PREFIX}pooler.dense.bias": (hidden,),
        "classifier.weight": (1, hidden),
        "classifier.bias": (1,),
    }


def _check_pairs(tokenizer_json: str, settings: BertSettings, where: str) -> None:
    tokenizer = Tokenizer.from_str(tokenizer_json)
    if tokenizer.get_vocab_size() > settings.vocabulary:
        raise CheckpointError(f"{where}: the tokenizer has more tokens than the model; check that both belong together")
    types = tokenizer.encode("a", "b").type_ids
    if settings.token_types < 2 or sorted(set(types)) != [0, 1]:
        raise CheckpointError(f"{where}: the tokenizer makes no pairs of two types; give one that does with --backbone")
