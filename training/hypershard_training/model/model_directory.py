"""The files of a model directory, format ``hypershard.model/1`` (docs/formats/model.md): what every exporter writes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from hypershard_training.model.qnet import QnetArchitecture

FORMAT, CROSS_ENCODER_FORMAT = "hypershard.model/1", "hypershard.cross-encoder/1"
MODEL_FILE, TOKENIZER_FILE, HEAD_FILE = "model.json", "tokenizer.json", "hyper-head.safetensors"
SCORER_FILE = "model.onnx"
ENCODER_FILE, QUERY_ENCODER_FILE, DOCUMENT_ENCODER_FILE = "encoder.onnx", "query-encoder.onnx", "document-encoder.onnx"


@dataclass(frozen=True)
class ModelDescription:
    """The content of ``model.json`` but for the files' digests."""

    name: str
    description: str
    license: str
    source: str
    query_tokens_max: int
    document_tokens_max: int
    #: The same file twice is one shared encoder.
    query_encoder: str
    document_encoder: str
    document_head: dict
    #: ``{"kind": "pooled", …}`` or ``{"kind": "attention", "file": …}``.
    hyper_head: dict
    architecture: QnetArchitecture
    #: What is put before each query, and each document; empty for nothing.
    query_prefix: str = ""
    document_prefix: str = ""

    @property
    def files(self) -> list[str]:
        """The names of all files that ``model.json`` lists, each once."""
        head = [self.hyper_head["file"]] if "file" in self.hyper_head else []
        return list(dict.fromkeys([self.query_encoder, self.document_encoder, TOKENIZER_FILE, *head]))


def write_model_json(folder: Path, model: ModelDescription) -> None:
    """Write ``model.json``; the other files must be there, since it holds their digests."""
    content = {
        "format": FORMAT,
        "name": model.name,
        "description": model.description,
        "license": model.license,
        "source": model.source,
        "tokenizer": {
            "file": TOKENIZER_FILE,
            "maxQueryTokens": model.query_tokens_max,
            "maxDocumentTokens": model.document_tokens_max,
            **({"queryPrefix": model.query_prefix} if model.query_prefix else {}),
            **({"documentPrefix": model.document_prefix} if model.document_prefix else {}),
        },
        "encoder": {
            "query": model.query_encoder,
            "document": model.document_encoder,
            "hiddenWidth": model.architecture.vector_dimensions[0],
        },
        "documentHead": model.document_head,
        "hyperHead": model.hyper_head,
        "qnet": model.architecture.to_json(),
        "files": {name: _file_facts(folder / name) for name in model.files},
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class CrossEncoderDescription:
    """The content of a cross-encoder's ``model.json`` but for the files' digests (docs/formats/cross-encoder.md)."""

    name: str
    description: str
    license: str
    source: str
    tokens_max: int
    query_tokens_max: int


def write_cross_encoder_json(folder: Path, model: CrossEncoderDescription) -> None:
    """Write ``model.json``; the other files must be there, since it holds their digests."""
    content = {
        "format": CROSS_ENCODER_FORMAT,
        "name": model.name,
        "description": model.description,
        "license": model.license,
        "source": model.source,
        "tokenizer": {"file": TOKENIZER_FILE, "maxTokens": model.tokens_max, "maxQueryTokens": model.query_tokens_max},
        "scorer": {"file": SCORER_FILE},
        "files": {name: _file_facts(folder / name) for name in (SCORER_FILE, TOKENIZER_FILE)},
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def architecture_from_json(qnet: dict) -> QnetArchitecture:
    """The inverse of ``QnetArchitecture.to_json``; KeyError or ValueError for anything else."""
    return QnetArchitecture(
        tuple(qnet["vectorDimensions"]),
        activation=qnet["activation"],
        layer_norm=qnet["layerNorm"],
        layer_norm_before_residual=qnet["layerNormBeforeResidual"],
        residual=qnet["residual"],
        residual_on_last=qnet["residualOnLast"],
    )


def plain_tokenizer_json(text: str) -> str:
    """A ``tokenizer.json`` without the truncation and padding baked into it: lengths are the caller's to choose."""
    tokenizer = json.loads(text)
    tokenizer["truncation"] = None
    tokenizer["padding"] = None
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n"


def _file_facts(path: Path) -> dict:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
