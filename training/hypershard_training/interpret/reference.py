"""What PyTorch makes of some texts, for the encoder service's tests."""

import json
from pathlib import Path

import torch

from hypershard_training.interpret.encode_texts import QueryEncoder
from hypershard_training.interpret.labels import text_of
from hypershard_training.interpret.tagger import Tagger, interpret

#: Disjunctions in wordings that were trained on and others, texts that are one need, and what is hard to cut.
TEXTS = (
    "heart or lung cancer",
    "symptoms of flu, cold or covid",
    "either why do stars twinkle or how do glaciers move boulders",
    "something about supersonic flow past a blunt body; or the heat transfer to a slender wing in hypersonic flow",
    "whichever you have: how do I rotate the keys, or else how do I restore a backup",
    "What are the treatments for Crohn’s disease or ulcerative colitis?",
    "why do stars twinkle",
    "flow past a body with or without heat transfer",
    "is dark energy a cosmological constant or a scalar field?",
    "black holes and neutron stars",
    "naïve Bayes/京都 or e\u0301tale cohomology",
    "or",
)


@torch.inference_mode()
def write_reference(file: Path, tagger: Tagger, encoder: QueryEncoder) -> None:
    """Log probabilities, odds and pieces, the states computed by onnxruntime as the service does."""
    read = encoder.read(list(TEXTS))
    content = []
    for text, own in zip(TEXTS, read, strict=True):
        states = torch.from_numpy(encoder.states([own.ids])[0]).float()[None]
        log_tags, odds = (value[0].numpy() for value in tagger(states))
        found = interpret(log_tags, float(odds), own.words)
        content.append(
            {
                "text": text,
                "tokenIds": own.ids,
                "logTags": [[round(float(value), 5) for value in row] for row in log_tags],
                "odds": round(float(odds), 5),
                "pieces": [text_of(text, piece) for piece in found.pieces],
                "confidence": round(found.confidence, 5),
            }
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = {"encoderSha256": encoder.sha256, "texts": content}
    file.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
