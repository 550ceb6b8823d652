"""Export a dual encoder as a model directory that the encoder service serves, and prove that it computes the same.

The files are written into a folder of their own, run by onnxruntime and compared with PyTorch; only then do they take their place.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.dual_encoder import DualEncoder, Transformer, same_weights
from hypershard_training.export.bert_graph import bert_graph
from hypershard_training.export.linear_encodings import LINEAR_ENCODINGS, to_float16
from hypershard_training.export.onnx_builder import write_model
from hypershard_training.export.verification import Differences, measure_differences
from hypershard_training.model.bert_weights import bert_weights
from hypershard_training.model.model_directory import (
    DOCUMENT_ENCODER_FILE,
    ENCODER_FILE,
    HEAD_FILE,
    MODEL_FILE,
    QUERY_ENCODER_FILE,
    TOKENIZER_FILE,
    ModelDescription,
    write_model_json,
)

#: Short names and what they stand for. Of the int8 encodings, the one that computes in float32: it depends neither on the CPU
#: nor on the batch, and rankings are nearest to float32's.
ENCODINGS = {"fp32": "float32", "fp16": "float16-stored", "int8": "int8-stored"} | {name: name for name in LINEAR_ENCODINGS}
#: The largest differences of scores from PyTorch in float32, divided by the largest score. Rounded weights move scores by what
#: rounding costs, which is no fault of the export; beyond these bounds the encoding does not suit the model.
SCORE_TOLERANCES = {"float32": 1e-3, "float16-stored": 1e-2}
INT8_SCORE_TOLERANCE = 0.1

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FILES = (ENCODER_FILE, QUERY_ENCODER_FILE, DOCUMENT_ENCODER_FILE, HEAD_FILE, TOKENIZER_FILE, MODEL_FILE)


@dataclass(frozen=True)
class ExportOptions:
    """How a model is exported. ``encoding`` is a key of ``ENCODINGS``; a ``tolerance`` of None is the encoding's own."""

    name: str
    encoding: str = "fp32"
    license: str = "not stated"
    description: str = ""
    tolerance: float | None = None


def export_checkpoint(model: DualEncoder, folder: Path, options: ExportOptions) -> Differences:
    """Write the model directory ``folder`` and return how far it is from PyTorch; the same model gives the same bytes.

    Files of an earlier export there are replaced, others kept. Raises CheckpointError where options or weights do not suit, or
    where the exported model differs by more than the tolerance; then nothing is changed.
    """
    check_options(options)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        staging = Path(work)
        _write_files(model, staging, options)
        differences = measure_differences(staging, model)
        tolerance = tolerance_of(options)
        # Written so that a NaN fails too.
        if not differences.scores <= tolerance:
            raise CheckpointError(
                f"{folder}: scores differ from PyTorch's by {differences.scores:.1e} of the largest score, over the tolerance "
                f"{tolerance:.0e} of {options.encoding}; export with another --encoding; nothing was written"
            )
        move_files(staging, folder, _FILES)
    return differences


def check_options(options: ExportOptions) -> None:
    """What ``model.json`` would be refused for."""
    if not _NAME.fullmatch(options.name):
        raise CheckpointError(
            f"--name {options.name!r}: must be 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit; give another"
        )
    if not 1 <= len(options.license) <= 200:
        raise CheckpointError("--license: must have 1 to 200 characters; give its SPDX name")
    if len(options.description) > 1000:
        raise CheckpointError(f"--description: has {len(options.description):,} characters; give at most 1,000")
    if options.encoding not in ENCODINGS:
        raise CheckpointError(f"--encoding {options.encoding}: is none of {', '.join(ENCODINGS)}; give one of them")


def _write_files(model: DualEncoder, folder: Path, options: ExportOptions) -> None:
    encoding = ENCODINGS[options.encoding]
    shared = same_weights(model)
    query_file, document_file = (ENCODER_FILE,) * 2 if shared else (QUERY_ENCODER_FILE, DOCUMENT_ENCODER_FILE)
    try:
        _write_encoder(model.query, folder / query_file, encoding)
        if not shared:
            _write_encoder(model.document, folder / document_file, encoding)
        if model.head is not None:
            _write_head(model.head, folder / HEAD_FILE, half=encoding != "float32")
    except ValueError as error:
        raise CheckpointError(f"{options.name}: cannot be stored as {options.encoding}: {error}; use fp32") from error
    (folder / TOKENIZER_FILE).write_text(model.tokenizer_json, encoding="utf-8")
    pooled = {"kind": "pooled", "pooling": model.query_pooling, "normalize": model.normalize_queries}
    description = ModelDescription(
        name=options.name,
        description=options.description or model.description or _default_description(model, encoding),
        license=options.license,
        source=model.source[:1000],
        query_tokens_max=model.query_tokens_max,
        document_tokens_max=model.document_tokens_max,
        query_encoder=query_file,
        document_encoder=document_file,
        document_head={"pooling": model.document_pooling, "normalize": model.normalize_documents},
        hyper_head=pooled if model.head is None else {"kind": "attention", "file": HEAD_FILE},
        architecture=model.architecture,
        query_prefix=model.query_prefix,
        document_prefix=model.document_prefix,
    )
    write_model_json(folder, description)


def _write_encoder(transformer: Transformer, path: Path, encoding: str) -> None:
    arrays = {name: value.numpy() for name, value in transformer.weights.items()}
    write_model(bert_graph(bert_weights(transformer.settings, arrays), encoding), path)


def _write_head(head: dict[str, torch.Tensor], path: Path, *, half: bool) -> None:
    """The hyper-head in float32, or in float16, which is the smallest type that its format has."""
    arrays = {name: np.ascontiguousarray(value.numpy()) for name, value in head.items()}
    stored = {name: to_float16(name, array) for name, array in arrays.items()} if half else arrays
    path.write_bytes(save(stored))


def _default_description(model: DualEncoder, encoding: str) -> str:
    kind = "dense retriever" if model.head is None else f"Hypencoder with a q-net of {model.architecture.core_layers} core layers"
    return f"{kind}, width {model.query.settings.hidden}; weights {encoding}"


def tolerance_of(options: ExportOptions) -> float:
    """The largest difference of scores from PyTorch's that the encoding may make, of the largest score."""
    own = SCORE_TOLERANCES.get(ENCODINGS[options.encoding], INT8_SCORE_TOLERANCE)
    return own if options.tolerance is None else options.tolerance


def move_files(staging: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Of the names those that are there; others are deleted. ``model.json`` goes first and comes last, so that a half-moved model is refused rather than served."""
    folder.mkdir(exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    for name in names:
        if (staging / name).is_file():
            shutil.move(staging / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
