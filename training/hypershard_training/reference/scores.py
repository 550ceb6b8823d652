"""PyTorch's scores of some texts with a model, for the tests of the TypeScript path from text to score."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer

from hypershard_training.checkpoint.dual_encoder import DualEncoder
from hypershard_training.checkpoint.encoding import TorchEncoder
from hypershard_training.model.sentence_vectors import token_ids

FORMAT = "hypershard.reference-scores/1"

QUERIES = (
    "why do stars twinkle",
    "How are rivers made?",
    "glaciers and boulders",
    "Crème brûlée à Zürich",
    "東京 tower",
    "a",
    "",
    "heat transfer " * 30,
)
DOCUMENTS = (
    "Stars twinkle since the air above us moves.",
    "Rivers carry sand; glaciers carry boulders.",
    "A glacier is a river of ice.",
    "Heat travels from warm to cold.",
    "The tower of Tokyo is red and white.",
    "東京タワー и Москва",
    "Sugar browns when it is heated: caramel.",
    "Shock waves leave a blunt body.",
    "HOW DO I RESET MY PASSWORD?",
    "  tabs\tand\nnew lines,   don't\u00a0matter ",
    "🚀🔥 100% sure",
    "0123456789",
    "x",
    "",
    "a a a a a a a a",
    "Boundary layers grow along the wall of a wind tunnel. " * 12,
)


@torch.inference_mode()
def reference_scores(model: DualEncoder) -> dict:
    """Texts, their token ids, and the scores [queries][documents] of PyTorch in float64."""
    encoder = TorchEncoder(model, torch.float64)
    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    queries = token_ids(tokenizer, list(QUERIES), model.query_tokens_max, model.query_prefix)
    documents = token_ids(tokenizer, list(DOCUMENTS), model.document_tokens_max, model.document_prefix)
    vectors = torch.stack([encoder.document_vector(ids) for ids in documents])
    scores = [encoder.scores(encoder.qnet(ids), vectors) for ids in queries]
    return {
        "format": FORMAT,
        "queries": [{"text": text, "tokenIds": ids} for text, ids in zip(QUERIES, queries, strict=True)],
        "documents": [{"text": text, "tokenIds": ids} for text, ids in zip(DOCUMENTS, documents, strict=True)],
        "scores": [[float(f"{value:.9g}") for value in row.tolist()] for row in scores],
    }


def write_reference_scores(model: DualEncoder, path: Path) -> None:
    """What ``reference_scores`` gives, an entry a line."""
    document = reference_scores(model)
    members = [f'"format": {json.dumps(document.pop("format"))}']
    for name, entries in document.items():
        members.append(f'"{name}": [\n' + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]")
    path.write_text("{" + ",\n".join(members) + "}\n", encoding="utf-8")
