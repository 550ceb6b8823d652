"""``python -m hypershard_training export RUN --out FOLDER``: a finished training run as a model directory.

The backbone is all-MiniLM-L6-v2, frozen, so the encoder is that of ``minilm-dense`` byte for byte, and so are document vectors: an
index of one can be searched with the other without encoding a document again.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from hypershard_training.bert_graph import bert_graph
from hypershard_training.bert_weights import load_bert
from hypershard_training.export_minilm import (
    DEFAULT_ENCODING,
    DOCUMENT_TOKENS_MAX,
    ENCODER_FILE,
    MODEL_FILE,
    QUERY_TOKENS_MAX,
    TOKENIZER_FILE,
    file_entry,
)
from hypershard_training.hyper_head import hyper_head_parameter_shapes
from hypershard_training.linear_encodings import LINEAR_ENCODINGS
from hypershard_training.minilm_source import minilm_folder, minilm_tokenizer_json
from hypershard_training.onnx_builder import write_model
from hypershard_training.qnet import QnetArchitecture

HEAD_FILE = "hyper-head.safetensors"
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16}


class ExportError(Exception):
    """A run that cannot be exported; the message says what, where and what to do."""


def export_run(run: Path, out: Path, name: str, encoding: str = DEFAULT_ENCODING, head: str = "fp16") -> None:
    """Write encoder, tokenizer, hyper-head and ``model.json`` into ``out``."""
    try:
        result = json.loads((run / "run.json").read_text(encoding="utf-8"))
        parameters = load_file(run / HEAD_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise ExportError(f"{run}: is not a finished run: {error}; train to the end, with --resume if it was stopped") from error
    encode = result["config"]["encode"]
    if encode["backbone"]:
        raise ExportError(
            f"{run}: was trained on {encode['backbone']}; only the default backbone, all-MiniLM-L6-v2, is exported yet"
        )
    architecture = _architecture(result["qnet"])
    check_head(parameters, architecture, architecture.vector_dimensions[0], str(run / HEAD_FILE))
    out.mkdir(parents=True, exist_ok=True)
    save_file({key: value.to(PRECISIONS[head]) for key, value in parameters.items()}, out / HEAD_FILE)
    write_model(
        bert_graph(load_bert(minilm_folder()), LINEAR_ENCODINGS[encoding], int8_embeddings=encoding != "float32"),
        out / ENCODER_FILE,
    )
    (out / TOKENIZER_FILE).write_text(minilm_tokenizer_json(), encoding="utf-8")
    description = _describe(result, name, architecture)
    description["files"] = {file: file_entry(out / file) for file in (ENCODER_FILE, TOKENIZER_FILE, HEAD_FILE)}
    (out / MODEL_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def check_head(parameters: dict[str, torch.Tensor], architecture: QnetArchitecture, model_width: int, where: str) -> None:
    """Raise unless ``parameters`` are just those of the architecture's hyper-head, and finite."""
    expected = hyper_head_parameter_shapes(architecture, model_width)
    for name, shape in expected.items():
        if name not in parameters:
            raise ExportError(f"{where}: tensor {name} is missing; the file is not of this architecture, train or copy it again")
        if tuple(parameters[name].shape) != shape:
            raise ExportError(f"{where}: tensor {name} has shape {list(parameters[name].shape)} where {list(shape)} is expected")
        if not parameters[name].isfinite().all():
            raise ExportError(f"{where}: tensor {name} holds a NaN or an infinity; take an earlier checkpoint")
    if unexpected := sorted(parameters.keys() - expected.keys()):
        raise ExportError(f"{where}: tensor {unexpected[0]} belongs to no part of the hyper-head")


def _architecture(qnet: dict) -> QnetArchitecture:
    return QnetArchitecture(
        tuple(qnet["vectorDimensions"]),
        activation=qnet["activation"],
        layer_norm=qnet["layerNorm"],
        layer_norm_before_residual=qnet["layerNormBeforeResidual"],
        residual=qnet["residual"],
        residual_on_last=qnet["residualOnLast"],
    )


def _describe(result: dict, name: str, architecture: QnetArchitecture) -> dict:
    sources = ", ".join(source["name"] for source in result["config"]["sources"])
    encode = result["config"]["encode"]
    return {
        "format": "hypershard.model/1",
        "name": name,
        "description": f"Hypencoder with {architecture.core_layers} core layers over a frozen all-MiniLM-L6-v2, trained on {sources}",
        "license": "Apache-2.0",
        "source": f"hypershard_training, seed {result['config']['seed']}",
        "tokenizer": {
            "file": TOKENIZER_FILE,
            "maxQueryTokens": min(QUERY_TOKENS_MAX, encode["queryTokensMax"]),
            "maxDocumentTokens": min(DOCUMENT_TOKENS_MAX, encode["documentTokensMax"]),
        },
        "encoder": {"query": ENCODER_FILE, "document": ENCODER_FILE, "hiddenWidth": architecture.vector_dimensions[0]},
        "documentHead": {"pooling": "mean", "normalize": encode["normalize"]},
        "hyperHead": {"kind": "attention", "file": HEAD_FILE},
        "qnet": architecture.to_json(),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``export``."""
    parser.add_argument("run", type=Path, help="the folder of a finished training run")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder")
    parser.add_argument("--name", help="the model's name; by default the folder's")
    parser.add_argument("--encoding", choices=list(LINEAR_ENCODINGS), default=DEFAULT_ENCODING, help="of the encoder's weights")
    parser.add_argument("--head", choices=list(PRECISIONS), default="fp16", help="of the hyper-head's weights")


def run(arguments: argparse.Namespace) -> int:
    """Export; returns 0, or 1 for a mistake that is told."""
    try:
        export_run(arguments.run, arguments.out, arguments.name or arguments.out.name, arguments.encoding, arguments.head)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
