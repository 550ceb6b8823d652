"""Measure ways to store and compute the default encoder: fidelity, ranking, speed, independence of batch and machine.

    python -m hypershard_training.measure.encoder --collection FOLDER [--only NAME,NAME] [--threads 2]
    python -m hypershard_training.measure.encoder --collection FOLDER --no-ranking    # half the time, no nDCG

Prints a Markdown table, the one in ``models/minilm-dense/README.md``. Candidates are the encodings of
``linear_encodings``, and as yardsticks the PyTorch exporter's graph in float32 and onnxruntime's ``quantize_dynamic``.
"""

import argparse
import dataclasses
import json
import multiprocessing
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from hypershard_training.export.bert_graph import bert_graph
from hypershard_training.export.linear_encodings import LINEAR_ENCODINGS
from hypershard_training.export.onnx_builder import FLOAT, write_model
from hypershard_training.measure.ndcg import Collection, load_collection, ndcg_at_10
from hypershard_training.model.bert_weights import BertWeights, load_bert
from hypershard_training.model.minilm_source import minilm_folder, minilm_tokenizer_json
from hypershard_training.model.sentence_vectors import mean_vectors, open_session, token_ids, vectors_in_batches

QUERY_TOKENS, DOCUMENT_TOKENS = 64, 256
SAMPLE = 300
TRACED, DYNAMIC = "traced-float32", "quantize-dynamic"


def build_candidates(names: list[str], folder: Path) -> dict[str, Path]:
    """Write every candidate's graph; float32 comes first, the others are compared with it."""
    weights = load_bert(minilm_folder())
    paths: dict[str, Path] = {}
    for name in names:
        path = folder / f"{name}.onnx"
        if name == TRACED:
            _trace(path)
        elif name == DYNAMIC:
            from onnxruntime.quantization import QuantType, quantize_dynamic

            options = {"DefaultTensorType": FLOAT}  # its shape inference does not know the fused operators
            quantize_dynamic(paths["float32"], path, weight_type=QuantType.QInt8, per_channel=True, extra_options=options)
        else:
            write_model(bert_graph(weights, name), path)
        paths[name] = path
    return paths


def batch_dependence(session: onnxruntime.InferenceSession, ids: list[list[int]], rounds: int = 12) -> float:
    """Largest difference of any value of a text's vector alone and in batches of 1 to 32 texts of any length."""
    generator = random.Random(7)
    alone = np.concatenate([mean_vectors(session, [tokens]) for tokens in ids])
    worst = 0.0
    for _ in range(rounds):
        chosen = generator.sample(range(len(ids)), generator.choice([2, 5, 16, 32]))
        worst = max(worst, float(np.abs(mean_vectors(session, [ids[i] for i in chosen]) - alone[chosen]).max()))
    return worst


def rounding_sensitivity(weights: BertWeights, name: str, ids: list[list[int]], folder: Path) -> float:
    """Largest change of any value of a vector when the embeddings move by about 1e-6, as another CPU's rounding moves them.

    Where activations are quantised, a value near a rounding edge falls to the other side, and the step travels on.
    """
    noise = np.random.default_rng(0).standard_normal(weights.hidden).astype(np.float32) * np.float32(1e-6)
    norm = weights.embedding_norm
    nudged = dataclasses.replace(weights, embedding_norm=dataclasses.replace(norm, shift=norm.shift + noise))
    vectors = []
    for item in (weights, nudged):
        path = folder / "nudged.onnx"
        write_model(bert_graph(item, name), path)
        vectors.append(vectors_in_batches(open_session(path, 1), ids))
    return float(np.abs(vectors[0] - vectors[1]).max())


def measure_speed(sessions: dict[str, onnxruntime.InferenceSession], rounds: int) -> dict[str, dict[str, float]]:
    """Best of ``rounds`` for 16 texts of 128 tokens and one of 12; the candidates take turns, so noise falls on all."""
    generator = np.random.default_rng(0)
    many = _whole_batch(generator.integers(1000, 30000, (16, 128)))
    one = _whole_batch(generator.integers(1000, 30000, (1, 12)))
    best = {name: {"batch": np.inf, "one": np.inf} for name in sessions}
    for _ in range(rounds):
        for name, session in sessions.items():
            best[name]["batch"] = min(best[name]["batch"], _seconds(session, many, 1))
            best[name]["one"] = min(best[name]["one"], _seconds(session, one, 40))
    return best


def measure_ranking(session: onnxruntime.InferenceSession, tokenizer: Tokenizer, collection: Collection) -> float:
    """nDCG@10 of inner products on the collection."""
    documents = vectors_in_batches(session, token_ids(tokenizer, collection.documents, DOCUMENT_TOKENS))
    queries = vectors_in_batches(session, token_ids(tokenizer, collection.queries, QUERY_TOKENS))
    return ndcg_at_10(collection, queries, documents)


def resident_megabytes(path: Path, threads: int) -> float:
    """Resident memory that one session takes after its first run, measured in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_session_megabytes, (path, threads))


def _session_megabytes(path: Path, threads: int) -> float:
    before = _resident_bytes()
    session = open_session(path, threads)
    session.run(None, _whole_batch(np.full((1, 12), 2000)))
    return (_resident_bytes() - before) / 1e6


def _trace(path: Path) -> None:
    """The unfused graph PyTorch's exporter makes: what the hand-written fused graph is measured against."""
    import torch
    from transformers import AutoModel

    class TokenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = AutoModel.from_pretrained(minilm_folder(), attn_implementation="eager")

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    batch, tokens = torch.export.Dim("batch", min=1, max=512), torch.export.Dim("tokens", min=2, max=512)
    inputs = (torch.full((2, 7), 2000), torch.ones((2, 7), dtype=torch.int64))
    torch.onnx.export(
        TokenStates().eval(),
        inputs,
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["token_states"],
        dynamic_shapes={"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}},
        external_data=False,
        verbose=False,
    )


def _whole_batch(ids: np.ndarray) -> dict[str, np.ndarray]:
    return {"input_ids": ids.astype(np.int64), "attention_mask": np.ones(ids.shape, dtype=np.int64)}


def _seconds(session: onnxruntime.InferenceSession, inputs: dict[str, np.ndarray], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        session.run(None, inputs)
    return (time.perf_counter() - start) / repeats


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _print_table(rows: list[dict]) -> None:
    titles = ["encoding", "MB", "cosine to float32, mean / least", "nDCG@10", "batch dependence"]
    titles += ["rounding sensitivity", "tokens/s, 16 x 128", "ms, 1 x 12", "session MB"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for row in rows:
        print(
            f"| {row['name']} | {row['bytes'] / 1e6:.1f} | {row['cosineMean']:.5f} / {row['cosineLeast']:.5f} "
            f"| {_shown(row['ndcg'], '.4f')} | {row['batchDependence']:.0e} "
            f"| {_shown(row['roundingSensitivity'], '.0e')} | {row['tokensPerSecond']:,.0f} "
            f"| {row['millisecondsOne']:.2f} | {row['sessionMegabytes']:.0f} |"
        )


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", type=Path, required=True, help="a collection in BEIR layout")
    parser.add_argument("--only", help="comma-separated candidates besides float32")
    parser.add_argument("--no-ranking", action="store_true", help="leave out nDCG, which takes most of the time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8, help="speed rounds, the best counts")
    arguments = parser.parse_args()
    collection = load_collection(arguments.collection)
    tokenizer = Tokenizer.from_str(minilm_tokenizer_json())
    others = arguments.only.split(",") if arguments.only else [*list(LINEAR_ENCODINGS)[1:], TRACED, DYNAMIC]
    sample = [*collection.documents[: SAMPLE - 50], *collection.queries[:50]]
    sample_ids = token_ids(tokenizer, sample, DOCUMENT_TOKENS)
    mixed = sample_ids[:40] + sample_ids[-24:]
    rows, expected = [], None
    with tempfile.TemporaryDirectory() as folder:
        paths = build_candidates(["float32", *others], Path(folder))
        memory = {name: resident_megabytes(path, arguments.threads) for name, path in paths.items()}
        sessions = {name: open_session(path, arguments.threads) for name, path in paths.items()}
        speeds = measure_speed(sessions, arguments.rounds)
        for name, session in sessions.items():
            vectors = vectors_in_batches(session, sample_ids)
            expected = vectors if expected is None else expected
            cosines = (vectors * expected).sum(1)
            rows.append(
                {
                    "name": name,
                    "bytes": paths[name].stat().st_size,
                    "cosineMean": float(cosines.mean()),
                    "cosineLeast": float(cosines.min()),
                    "ndcg": None if arguments.no_ranking else measure_ranking(session, tokenizer, collection),
                    "batchDependence": batch_dependence(session, mixed),
                    "roundingSensitivity": (
                        rounding_sensitivity(load_bert(minilm_folder()), name, mixed[:12], Path(folder))
                        if name in LINEAR_ENCODINGS
                        else None
                    ),
                    "tokensPerSecond": 16 * 128 / speeds[name]["batch"],
                    "millisecondsOne": speeds[name]["one"] * 1e3,
                    "sessionMegabytes": memory[name],
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    _print_table(rows)


if __name__ == "__main__":
    main()
