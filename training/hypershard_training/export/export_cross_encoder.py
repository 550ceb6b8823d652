"""Export a cross-encoder as a model directory that the encoder service scores pairs with, and prove that it gives the same scores."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.cross_encoder import CrossEncoder
from hypershard_training.export.cross_encoder_graph import PairHead, cross_encoder_graph
from hypershard_training.export.export_checkpoint import ENCODINGS, ExportOptions, check_options, move_files, tolerance_of
from hypershard_training.export.onnx_builder import write_model
from hypershard_training.model.bert_weights import Linear, bert_weights
from hypershard_training.model.model_directory import (
    MODEL_FILE,
    SCORER_FILE,
    TOKENIZER_FILE,
    CrossEncoderDescription,
    write_cross_encoder_json,
)
from hypershard_training.model.sentence_vectors import open_session
from hypershard_training.reference.vectors import TEXTS

_FILES = (SCORER_FILE, TOKENIZER_FILE, MODEL_FILE)
_QUERIES = ("why do stars twinkle", "supersonic flow past a blunt body")


def export_cross_encoder(model: CrossEncoder, folder: Path, options: ExportOptions) -> float:
    """Write the model directory ``folder``; returns the largest difference from PyTorch's scores, of the largest score.

    Files of an earlier export there are replaced, others kept. CheckpointError where options or weights do not suit, or where the
    scores differ by more than the tolerance; then nothing is changed.
    """
    check_options(options)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        staging = Path(work)
        _write_files(model, staging, options)
        difference = measure_difference(staging / SCORER_FILE, model)
        tolerance = tolerance_of(options)
        # Written so that a NaN fails too.
        if not difference <= tolerance:
            raise CheckpointError(
                f"{folder}: scores differ from PyTorch's by {difference:.1e} of the largest score, over the tolerance "
                f"{tolerance:.0e} of {options.encoding}; export with another --encoding; nothing was written"
            )
        move_files(staging, folder, _FILES)
    return difference


def _write_files(model: CrossEncoder, folder: Path, options: ExportOptions) -> None:
    arrays = {name: value.numpy() for name, value in model.bert.items()}
    head = {name: value.numpy() for name, value in model.head.items()}
    linear = {
        name: Linear(np.ascontiguousarray(head[f"{name}.weight"].T), head[f"{name}.bias"]) for name in ("pooler", "classifier")
    }
    pair_head = PairHead(arrays["embeddings.token_type_embeddings.weight"], **linear)
    try:
        graph = cross_encoder_graph(bert_weights(model.settings, arrays), pair_head, ENCODINGS[options.encoding])
    except ValueError as error:
        raise CheckpointError(f"{options.name}: cannot be stored as {options.encoding}: {error}; use fp32") from error
    write_model(graph, folder / SCORER_FILE)
    (folder / TOKENIZER_FILE).write_text(model.tokenizer_json, encoding="utf-8")
    settings = model.settings
    kind = f"BERT cross-encoder, {settings.layers} layers of width {settings.hidden}; weights {ENCODINGS[options.encoding]}"
    description = CrossEncoderDescription(
        name=options.name,
        description=options.description or kind,
        license=options.license,
        source=model.source[:1000],
        tokens_max=model.tokens_max,
        query_tokens_max=model.query_tokens_max,
    )
    write_cross_encoder_json(folder, description)


@torch.inference_mode()
def measure_difference(path: Path, model: CrossEncoder) -> float:
    """All pairs in one padded batch of onnxruntime, each alone in PyTorch: shows wrong weights, graphs, and padding that counts."""
    pairs = _pairs(model)
    longest = max(len(ids) for ids, _ in pairs)
    inputs = {name: np.zeros((len(pairs), longest), np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    for row, (ids, types) in enumerate(pairs):
        for name, values in zip(inputs, (ids, [1] * len(ids), types), strict=True):
            inputs[name][row, : len(ids)] = values
    found = open_session(path, 1).run(["scores"], inputs)[0]
    expected = reference_scores(model, pairs)
    largest = max(abs(score) for score in expected) or 1.0
    return float(np.abs(found - np.array(expected)).max()) / largest


def reference_scores(model: CrossEncoder, pairs: list[tuple[list[int], list[int]]]) -> list[float]:
    """The one logit of each pair of ids and token types, by transformers, in float32."""
    bert = BertForSequenceClassification(BertConfig(**model.settings.to_config(), num_labels=1)).eval()
    state = {f"bert.{name}": value for name, value in model.bert.items()}
    state |= {f"bert.pooler.dense.{kind}": model.head[f"pooler.{kind}"] for kind in ("weight", "bias")}
    state |= {f"classifier.{kind}": model.head[f"classifier.{kind}"] for kind in ("weight", "bias")}
    bert.load_state_dict(state, strict=False)
    scores = []
    for ids, types in pairs:
        logits = bert(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types])).logits
        scores.append(float(logits[0, 0]))
    return scores


def _pairs(model: CrossEncoder) -> list[tuple[list[int], list[int]]]:
    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    tokenizer.enable_truncation(model.tokens_max, strategy="only_second")
    encoded = [tokenizer.encode(query, text) for query in _QUERIES for text in TEXTS.values() if text]
    return [(encoding.ids, encoding.type_ids) for encoding in encoded if len(encoding.ids) <= model.tokens_max]
