"""Make ``test/fixtures/tiny-hypencoder``: a whole small Hypencoder with made-up weights, and what PyTorch scores with it.

    python -m hypershard_training.export.tiny_fixture --out ../test/fixtures/tiny-hypencoder

The model goes the way of every exported one: a checkpoint in the published layout is written, read and exported. The weights come
from ``counter_random``, the scores are computed in float64.
"""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer

from hypershard_training.checkpoint.dual_encoder import DualEncoder, Transformer, load_checkpoint, save_checkpoint
from hypershard_training.export.export_checkpoint import ExportOptions, export_checkpoint
from hypershard_training.model.bert_weights import BertSettings
from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.model_directory import plain_tokenizer_json
from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.reference.counter_random import counter_tensor
from hypershard_training.reference.scores import write_reference_scores

REFERENCE_FILE = "reference.json"
HIDDEN = 24
SEED = 20_250_205

#: A q-net that differs from query to query but is not all made by it; its biases keep most units on this side of the relu.
HEAD_SCALES = {".query_embedding": 8.0, ".projection.weight": 1.0, ".base": 2.5}


def tiny_dual_encoder(architecture: QnetArchitecture | None = None, seed: int = SEED) -> DualEncoder:
    """A Hypencoder with two layers of width 24 and a q-net of three layers and the last matrix; weights are made of ``seed``."""
    architecture = architecture or QnetArchitecture((HIDDEN,) * 4 + (1,))
    tokenizer_json = tiny_tokenizer_json()
    settings = BertSettings(
        hidden=HIDDEN,
        heads=2,
        layers=2,
        intermediate=40,
        vocabulary=Tokenizer.from_str(tokenizer_json).get_vocab_size(),
        positions=48,
        token_types=2,
        layer_norm_epsilon=1e-12,
    )
    bert = _made_up(settings.tensor_shapes(), seed, {})
    for name, value in bert.items():
        if "LayerNorm.weight" in name:
            value += 1
    head = _made_up(hyper_head_parameter_shapes(architecture, HIDDEN), seed + 1000, HEAD_SCALES)
    for number in range(architecture.core_layers):
        head[f"biases.{number}.base"] += 2
    transformer = Transformer(settings, bert)
    return DualEncoder(
        architecture=architecture,
        head=head,
        query=transformer,
        document=transformer,
        tokenizer_json=tokenizer_json,
        query_tokens_max=32,
        document_tokens_max=48,
        backbone="tiny-bert",
    )


def tiny_tokenizer_json() -> str:
    """BERT's own rules with a vocabulary of the characters, and of the pieces of a few words."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = [
        "stars",
        "rivers",
        "glaciers",
        "boulders",
        "heat",
        "tower",
        "transfer",
        "body",
        "is",
        "the",
        "of",
        "and",
        "a",
        "to",
        "from",
        "how",
        "are",
    ]
    pieces = ["er", "ing", "ed", "s", "or", "le", "th", "he", "in", "an", "on", "at", "es", "re", "nd"]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,;:!?-'%", *letters, *(f"##{letter}" for letter in letters)]
    tokens += [token for token in [*words, *(f"##{piece}" for piece in pieces), "京"] if token not in tokens]
    special = {name: {"id": name, "ids": [tokens.index(name)], "tokens": [name]} for name in ("[CLS]", "[SEP]")}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": tokens[number], **flags} for number in range(5)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, _special("[SEP]")],
            "pair": [],
            "special_tokens": special,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: number for number, token in enumerate(tokens)},
        },
    }
    return plain_tokenizer_json(json.dumps(content))


def write_fixture(folder: Path) -> None:
    """The model directory ``folder``, with the reference beside the model's files."""
    with tempfile.TemporaryDirectory() as work:
        checkpoint = Path(work) / "tiny-hypencoder"
        save_checkpoint(tiny_dual_encoder(), checkpoint)
        model = load_checkpoint(checkpoint)
    described = dataclasses.replace(model, description="a Hypencoder with made-up weights, for tests", source="counter_random")
    export_checkpoint(described, folder, ExportOptions(name="tiny-hypencoder", license="Apache-2.0"))
    write_reference_scores(model, folder / REFERENCE_FILE)


def _made_up(shapes: dict[str, tuple[int, ...]], seed: int, scales: dict[str, float]) -> dict[str, torch.Tensor]:
    """Values in a range that keeps sums over a layer's inputs near a scale: 2, or that of the parameter's last name."""
    made = {}
    for number, (name, shape) in enumerate(shapes.items()):
        scale = next((own for ending, own in scales.items() if name.endswith(ending)), 2.0)
        made[name] = torch.from_numpy(counter_tensor(seed + number, shape, scale / shape[-1] ** 0.5))
    return made


def _special(token: str) -> dict:
    return {"SpecialToken": {"id": token, "type_id": 0}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the fixture's folder")
    write_fixture(parser.parse_args().out)


if __name__ == "__main__":
    main()
