"""Whole vectors of a few texts from an ONNX file as its authors published it, for an exported model to be compared with.

    python -m hypershard_training.reference.onnx_vectors MODEL.onnx --model ../models/bge-small-dense \\
        --out ../test/fixtures/bge-small/reference-vectors.json

The texts are those of ``reference.vectors``. Tokenizer, limits, prefixes and pooling are what the model directory says; all that
is computed comes from MODEL.onnx, in float32. The encoder service's vectors are held to these by their cosine.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from hypershard_training.model.sentence_vectors import FloatTensor, open_session, padded, token_ids
from hypershard_training.reference.vectors import TEXTS

FORMAT = "hypershard.reference-vectors/2"


def onnx_vectors(path: Path, model: Path) -> dict:
    """By text: token ids as a query and as a document, and the vectors [width], scaled to length 1."""
    description = json.loads((model / "model.json").read_text(encoding="utf-8"))
    settings = description["tokenizer"]
    tokenizer = Tokenizer.from_file(str(model / settings["file"]))
    session = open_session(path, threads=1)
    sides = {
        "query": (settings["maxQueryTokens"], settings.get("queryPrefix", ""), description["hyperHead"]["pooling"]),
        "document": (settings["maxDocumentTokens"], settings.get("documentPrefix", ""), description["documentHead"]["pooling"]),
    }
    entries = []
    for name, text in TEXTS.items():
        entry: dict = {"name": name, "text": text}
        for side, (tokens_max, prefix, pooling) in sides.items():
            ids = token_ids(tokenizer, [text], tokens_max, prefix)
            entry[side] = {"tokenIds": ids[0], "values": [float(f"{value:.4g}") for value in _vector(session, ids, pooling)]}
        entries.append(entry)
    return {"format": FORMAT, "sourceSha256": hashlib.sha256(path.read_bytes()).hexdigest(), "texts": entries}


def _vector(session, ids: list[list[int]], pooling: str) -> FloatTensor:
    inputs = padded(ids)
    wanted = {one.name for one in session.get_inputs()}
    types = {"token_type_ids": np.zeros_like(inputs["input_ids"])} if "token_type_ids" in wanted else {}
    states = session.run(None, inputs | types)[0][0]
    vector = states.mean(0) if pooling == "mean" else states[0]
    return vector / np.linalg.norm(vector)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=Path, help="the published file")
    parser.add_argument("--model", type=Path, required=True, help="the model directory that was exported of it")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    document = onnx_vectors(arguments.onnx, arguments.model)
    texts = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in document.pop("texts"))
    head = json.dumps(document, separators=(",", ":"))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(f'{head[:-1]},"texts":[\n{texts}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
