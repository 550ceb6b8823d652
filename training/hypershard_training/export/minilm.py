"""Export all-MiniLM-L6-v2 as hypershard's default model.

    python -m hypershard_training.export.minilm --out ../models/minilm-dense

Writes ``encoder.onnx``, ``tokenizer.json`` and ``model.json``; the same inputs give the same bytes. The model is dense: its
q-net is the single matrix (384, 1) whose weights are the query's own vector, so a score is a cosine.
With ``--reference FILE`` it also writes the vectors TypeScript is compared with.
"""

import argparse
from pathlib import Path

from hypershard_training.export.bert_graph import bert_graph
from hypershard_training.export.linear_encodings import LINEAR_ENCODINGS
from hypershard_training.export.onnx_builder import write_model
from hypershard_training.model.bert_weights import load_bert
from hypershard_training.model.minilm_source import WEIGHTS_SHA256, minilm_folder, minilm_tokenizer_json
from hypershard_training.model.model_directory import ENCODER_FILE, TOKENIZER_FILE, ModelDescription, write_model_json
from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.reference.vectors import write_reference_vectors

FOLDER_BYTES_MAX = 25_000_000
#: The fastest of those that depend neither on the batch nor on the last bit of rounding; the model card has the measurements.
DEFAULT_ENCODING = "int8-stored"
#: 256 is the limit in the source's own settings; a query of more than 64 tokens is a document.
QUERY_TOKENS_MAX, DOCUMENT_TOKENS_MAX = 64, 256


def export_minilm(folder: Path, encoding: str = DEFAULT_ENCODING) -> None:
    """Write the model's three files into ``folder``; the model card beside them is written by hand and kept."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = load_bert(minilm_folder())
    write_model(bert_graph(weights, encoding), folder / ENCODER_FILE)
    (folder / TOKENIZER_FILE).write_text(minilm_tokenizer_json(), encoding="utf-8")
    mean = {"pooling": "mean", "normalize": True}
    description = ModelDescription(
        name="minilm-dense",
        description=f"all-MiniLM-L6-v2 as a dense retriever: a query's q-net is its own vector; weights {encoding}",
        license="Apache-2.0",
        source=f"sentence-transformers/all-MiniLM-L6-v2, model.safetensors sha256 {WEIGHTS_SHA256}",
        query_tokens_max=QUERY_TOKENS_MAX,
        document_tokens_max=DOCUMENT_TOKENS_MAX,
        query_encoder=ENCODER_FILE,
        document_encoder=ENCODER_FILE,
        document_head=mean,
        hyper_head={"kind": "pooled", **mean},
        architecture=QnetArchitecture((weights.hidden, 1), "relu", layer_norm=False, residual=False),
    )
    write_model_json(folder, description)
    total = sum(path.stat().st_size for path in folder.iterdir())
    if total > FOLDER_BYTES_MAX:
        raise ValueError(f"{folder} has {total:,} bytes, more than the {FOLDER_BYTES_MAX:,} the repository ships")
    print(f"{folder}: {total:,} bytes")


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
