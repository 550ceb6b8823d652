"""Run an exported model directory with onnxruntime and measure how far it is from PyTorch.

Every text goes through onnxruntime in one padded batch and through PyTorch alone, so a difference shows wrong weights, a wrong
graph, and a state that depends on padding.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from hypershard_training.checkpoint.dual_encoder import DualEncoder
from hypershard_training.checkpoint.encoding import Qnet, TorchEncoder, pool
from hypershard_training.model.hyper_head import generate_qnet
from hypershard_training.model.model_directory import HEAD_FILE, MODEL_FILE, architecture_from_json
from hypershard_training.model.qnet import QnetArchitecture, qnet_scores
from hypershard_training.model.sentence_vectors import open_session, padded, token_ids
from hypershard_training.reference.vectors import TEXTS

#: The texts of the reference vectors are good documents; as queries they are joined by a few of a query's length.
QUERIES = ("why do stars twinkle", "supersonic flow past a blunt body", *TEXTS.values())
DOCUMENTS = tuple(TEXTS.values())


@dataclass(frozen=True)
class Differences:
    """Worst differences, each divided by the largest magnitude of the tensor it is in; scores by the largest score of all."""

    token_states: float
    document_vectors: float
    qnet_weights: float
    scores: float

    def __str__(self) -> str:
        return (
            f"token states {self.token_states:.1e}, document vectors {self.document_vectors:.1e}, "
            f"q-net weights {self.qnet_weights:.1e}, scores {self.scores:.1e}"
        )


@dataclass(frozen=True)
class _Encoded:
    states: list[torch.Tensor]
    qnets: list[Qnet]
    vectors: torch.Tensor
    #: [queries, documents]
    scores: torch.Tensor


@torch.inference_mode()
def measure_differences(folder: Path, model: DualEncoder) -> Differences:
    """Compare the directory's files, all but the tokenizer, with the model they were exported from."""
    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    queries = token_ids(tokenizer, list(QUERIES), model.query_tokens_max, model.query_prefix)
    documents = token_ids(tokenizer, list(DOCUMENTS), model.document_tokens_max, model.document_prefix)
    exported, expected = _exported(folder, queries, documents), _expected(model, queries, documents)
    weights = [
        _relative(found, right)
        for own, other in zip(exported.qnets, expected.qnets, strict=True)
        for found, right in zip([*own[0], *own[1]], [*other[0], *other[1]], strict=True)
    ]
    return Differences(
        token_states=max(_relative(*pair) for pair in zip(exported.states, expected.states, strict=True)),
        document_vectors=max(_relative(*pair) for pair in zip(exported.vectors, expected.vectors, strict=True)),
        qnet_weights=max(weights),
        scores=_relative(exported.scores, expected.scores),
    )


def _expected(model: DualEncoder, queries: list[list[int]], documents: list[list[int]]) -> _Encoded:
    encoder = TorchEncoder(model)
    states = [encoder.query_states(ids) for ids in queries]
    document_states = [encoder.document_states(ids) for ids in documents]
    vectors = torch.stack([pool(own, model.document_pooling, model.normalize_documents) for own in document_states])
    qnets = [encoder.qnet_of_states(own) for own in states]
    scores = torch.stack([encoder.scores(qnet, vectors) for qnet in qnets])
    return _Encoded([*states, *document_states], qnets, vectors, scores)


def _exported(folder: Path, queries: list[list[int]], documents: list[list[int]]) -> _Encoded:
    """What the files give, read by nothing but ``model.json``."""
    settings = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    states = run_encoder(folder / settings["encoder"]["query"], queries)
    document_states = run_encoder(folder / settings["encoder"]["document"], documents)
    head = settings["documentHead"]
    vectors = torch.stack([pool(own, head["pooling"], head["normalize"]) for own in document_states])
    architecture = architecture_from_json(settings["qnet"])
    qnets = qnets_of_states(folder, settings["hyperHead"], architecture, states)
    scores = torch.stack([qnet_scores(architecture, *qnet, vectors) for qnet in qnets])
    return _Encoded([*states, *document_states], qnets, vectors, scores)


def run_encoder(path: Path, texts: list[list[int]], threads: int = 1) -> list[torch.Tensor]:
    """Token states [tokens, hidden] of each text, all texts in one batch."""
    states = open_session(path, threads).run(["token_states"], padded(texts))[0]
    return [torch.from_numpy(np.ascontiguousarray(own[: len(ids)])) for own, ids in zip(states, texts, strict=True)]


def qnets_of_states(folder: Path, head: dict, architecture: QnetArchitecture, states: list[torch.Tensor]) -> list[Qnet]:
    """The q-nets that the directory's hyper-head makes of each text's states [tokens, hidden], in float32."""
    if head["kind"] == "pooled":
        return [([pool(own, head["pooling"], head["normalize"])[:, None]], []) for own in states]
    parameters = {name: value.float() for name, value in load_file(folder / HEAD_FILE).items()}
    qnets: list[Qnet] = []
    for own in states:
        matrices, biases = generate_qnet(architecture, parameters, own[None], torch.ones(1, len(own)))
        qnets.append(([matrix[0] for matrix in matrices], [bias[0] for bias in biases]))
    return qnets


def _relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    if found.shape != expected.shape:
        return float("inf")
    largest = float(expected.abs().max())
    return float((found - expected).abs().max()) / (largest or 1.0)
