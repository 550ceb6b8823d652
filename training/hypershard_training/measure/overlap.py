"""How much of the top 10 two exports of one model share, say int8 and fp32, on collections in BEIR layout.

    python -m hypershard_training.measure.overlap MODEL OTHER --collection FOLDER [--collection FOLDER …]

Both directories are run by onnxruntime from text to score, q-nets in float32. Prints a JSON line for each collection.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from hypershard_training.export.verification import qnets_of_states, run_encoder
from hypershard_training.measure.ndcg import Collection, load_collection
from hypershard_training.model.model_directory import MODEL_FILE, TOKENIZER_FILE, architecture_from_json
from hypershard_training.model.qnet import qnet_scores
from hypershard_training.model.sentence_vectors import open_session, token_ids, vectors_in_batches

DEPTH = 10
THREADS = 2
#: Their q-nets are in memory together.
QUERIES_A_BLOCK = 128


@torch.inference_mode()
def top_documents(folder: Path, collection: Collection) -> np.ndarray:
    """Numbers of the best documents [queries, 10], best first. The model pools by mean and normalises, as ours do."""
    settings = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    if settings["documentHead"] != {"pooling": "mean", "normalize": True}:
        raise SystemExit(f"{folder}: its document vectors are not normalised means; compare models of which they are")
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    limits = settings["tokenizer"]
    documents = token_ids(tokenizer, collection.documents, limits["maxDocumentTokens"])
    vectors = torch.from_numpy(vectors_in_batches(open_session(folder / settings["encoder"]["document"], THREADS), documents))
    architecture = architecture_from_json(settings["qnet"])
    queries = token_ids(tokenizer, collection.queries, limits["maxQueryTokens"])
    best = []
    for start in range(0, len(queries), QUERIES_A_BLOCK):
        states = run_encoder(folder / settings["encoder"]["query"], queries[start : start + QUERIES_A_BLOCK], THREADS)
        for qnet in qnets_of_states(folder, settings["hyperHead"], architecture, states):
            best.append(qnet_scores(architecture, *qnet, vectors).topk(DEPTH).indices.numpy())
    return np.stack(best)


def overlap(found: np.ndarray, other: np.ndarray) -> float:
    """Mean share of a row's documents that are in the other's row too."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(found, other, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--collection", type=Path, action="append", required=True)
    arguments = parser.parse_args()
    for folder in arguments.collection:
        collection = load_collection(folder)
        shared = overlap(*(top_documents(model, collection) for model in (arguments.model, arguments.other)))
        row = {"collection": folder.name, "queries": len(collection.queries), "overlapAt10": round(shared, 4)}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
