"""Token ids and vectors of a few texts, for the TypeScript encoder to be compared with (tolerance 1e-4)."""

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from hypershard_training.model.sentence_vectors import mean_vectors, open_session, padded, token_ids

FORMAT = "hypershard.reference-vectors/1"
VALUES = 16

#: What breaks tokenizers: plain words, accents and other scripts, emoji, capitals, odd spacing, and a text past every limit.
TEXTS = {
    "plain": "A q-net is a small neural network made from the query.",
    "accents": "Crème brûlée à Zürich, señor Ångström; naïve façade — 東京タワー и Москва",
    "emoji": "shipping it 🚀🔥 … 100% sure 👩‍🔬?",
    "capitals": "HOW DO I RESET MY PASSWORD ON A DELL XPS-13?",
    "spacing": "  tabs\tand\nnew lines,   don't\u00a0matter: e.g. C++/C#, 3.14e-10, foo_bar@example.com  ",
    "long": " ".join(f"Sentence {i} speaks of shock waves, boundary layers and heat transfer." for i in range(1, 41)),
}


def write_reference_vectors(model: Path, path: Path) -> None:
    """Run the exported model in ``model`` on every text under both token limits and write the JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = reference_vectors(model)
    texts = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in document.pop("texts"))
    head = json.dumps(document, separators=(",", ":"))
    path.write_text(f'{head[:-1]},"texts":[\n{texts}\n]}}\n', encoding="utf-8")


def reference_vectors(model: Path) -> dict:
    """Per text and limit: ids, ``norm`` of the vector, its first ``values``, ``meanNorm`` of the mean before normalising."""
    description = json.loads((model / "model.json").read_text())
    tokenizer = Tokenizer.from_file(str(model / description["tokenizer"]["file"]))
    session = open_session(model / description["encoder"]["document"], threads=1)
    settings = description["tokenizer"]
    limits = {"query": settings["maxQueryTokens"], "document": settings["maxDocumentTokens"]}
    entries = []
    for name, text in TEXTS.items():
        entry: dict = {"name": name, "text": text}
        for kind, tokens_max in limits.items():
            ids = token_ids(tokenizer, [text], tokens_max)
            entry[kind] = {"tokenIds": ids[0], **_vector(session, ids)}
        entries.append(entry)
    encoder_sha256 = description["files"][description["encoder"]["document"]]["sha256"]
    return {"format": FORMAT, "encoderSha256": encoder_sha256, "limits": limits, "texts": entries}


def _vector(session, ids: list[list[int]]) -> dict:
    states = session.run(["token_states"], padded(ids))[0][0]
    vector = mean_vectors(session, ids)[0]
    return {
        "meanNorm": _digits(np.linalg.norm(states.mean(0))),
        "norm": _digits(np.linalg.norm(vector)),
        "values": [_digits(value) for value in vector[:VALUES]],
    }


def _digits(value: float) -> float:
    return float(f"{value:.6g}")
