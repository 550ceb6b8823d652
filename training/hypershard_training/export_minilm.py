"""Export all-MiniLM-L6-v2 as hypershard's default model.

    python -m hypershard_training.export_minilm --out ../models/minilm-dense

Writes ``encoder.onnx``, ``tokenizer.json`` and ``model.json``; the same inputs give the same bytes. The model is dense: its
q-net is the single matrix (384, 1) whose weights are the query's own vector, so a score is a cosine.
With ``--reference FILE`` it also writes the vectors TypeScript is compared with.
"""

import argparse
import hashlib
import json
from pathlib import Path

from hypershard_training.bert_graph import bert_graph
from hypershard_training.bert_weights import load_bert
from hypershard_training.linear_encodings import LINEAR_ENCODINGS
from hypershard_training.minilm_source import WEIGHTS_SHA256, minilm_folder, minilm_tokenizer_json
from hypershard_training.onnx_builder import write_model
from hypershard_training.qnet import QnetArchitecture
from hypershard_training.reference_vectors import write_reference_vectors

ENCODER_FILE, TOKENIZER_FILE, MODEL_FILE = "encoder.onnx", "tokenizer.json", "model.json"
FOLDER_BYTES_MAX = 25_000_000
#: The fastest of those that depend neither on the batch nor on the last bit of rounding; the model card has the measurements.
DEFAULT_ENCODING = "int8-stored"
#: 256 is the limit in the source's own settings; a query of more than 64 tokens is a document.
QUERY_TOKENS_MAX, DOCUMENT_TOKENS_MAX = 64, 256


def export_minilm(folder: Path, encoding: str = DEFAULT_ENCODING) -> None:
    """Write the model's three files into ``folder``; the model card beside them is written by hand and kept."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = load_bert(minilm_folder())
    model = bert_graph(weights, LINEAR_ENCODINGS[encoding], int8_embeddings=encoding != "float32")
    write_model(model, folder / ENCODER_FILE)
    (folder / TOKENIZER_FILE).write_text(minilm_tokenizer_json(), encoding="utf-8")
    description = _model_description(folder, weights.hidden, encoding)
    (folder / MODEL_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    total = sum(path.stat().st_size for path in folder.iterdir())
    if total > FOLDER_BYTES_MAX:
        raise ValueError(f"{folder} has {total:,} bytes, more than the {FOLDER_BYTES_MAX:,} the repository ships")
    print(f"{folder}: {total:,} bytes")


def _model_description(folder: Path, hidden: int, encoding: str) -> dict:
    """The content of ``model.json`` (format ``hypershard.model/1``)."""
    mean = {"pooling": "mean", "normalize": True}
    return {
        "format": "hypershard.model/1",
        "name": "minilm-dense",
        "description": f"all-MiniLM-L6-v2 as a dense retriever: a query's q-net is its own vector; weights {encoding}",
        "license": "Apache-2.0",
        "source": f"sentence-transformers/all-MiniLM-L6-v2, model.safetensors sha256 {WEIGHTS_SHA256}",
        "tokenizer": {
            "file": TOKENIZER_FILE,
            "maxQueryTokens": QUERY_TOKENS_MAX,
            "maxDocumentTokens": DOCUMENT_TOKENS_MAX,
        },
        "encoder": {"query": ENCODER_FILE, "document": ENCODER_FILE, "hiddenWidth": hidden},
        "documentHead": mean,
        "hyperHead": {"kind": "pooled", **mean},
        "qnet": QnetArchitecture((hidden, 1), "relu", layer_norm=False, residual=False).to_json(),
        "files": {name: file_entry(folder / name) for name in (ENCODER_FILE, TOKENIZER_FILE)},
    }


def file_entry(path: Path) -> dict:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the model's folder")
    parser.add_argument("--encoding", choices=list(LINEAR_ENCODINGS), default=DEFAULT_ENCODING)
    parser.add_argument("--reference", type=Path, help="also write reference vectors to this file")
    arguments = parser.parse_args()
    export_minilm(arguments.out, arguments.encoding)
    if arguments.reference:
        write_reference_vectors(arguments.out, arguments.reference)


if __name__ == "__main__":
    main()
