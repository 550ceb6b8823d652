"""
A search service as it is often written by hand: FastAPI in front, a query encoded by onnxruntime in the same process, its
neighbours found by a library or by a Chroma server, and answered with titles and texts.

It reads a folder: `documents.jsonl` (id, title, text a line), `vectors.f32` (little-endian, a row for each line), and
`queries.json` (texts by which the width of its search is chosen). When it serves, `address` in that folder says where.
"""

import json
import os
import socket
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

HITS = 10
# The narrowest search that finds so much of what the library's own exact search finds is taken.
RECALL = 0.99
WIDTHS = [32, 64, 128, 256, 512, 1024]


class Encoder:
    """A dense model's queries: token states' mean, of length 1."""

    def __init__(self, folder: Path, threads: int) -> None:
        model = json.loads((folder / "model.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / model["tokenizer"]["file"]))
        self.tokenizer.enable_truncation(model["tokenizer"]["maxQueryTokens"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        path = folder / model["encoder"]["query"]
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def encode(self, text: str) -> np.ndarray:
        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        (states,) = self.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        vector = states[0].mean(axis=0)
        return vector / np.linalg.norm(vector)


class Usearch:
    def __init__(self, vectors: np.ndarray, *_: object) -> None:
        from usearch.index import Index

        self.index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
        self.index.add(np.arange(len(vectors)), vectors)

    def widen(self, width: int) -> None:
        self.index.expansion_search = width

    def search(self, vector: np.ndarray) -> tuple[list[int], list[float]]:
        found = self.index.search(vector, HITS)
        return found.keys.tolist(), (1 - found.distances).tolist()


class Faiss:
    def __init__(self, vectors: np.ndarray, *_: object) -> None:
        import faiss

        # Requests run side by side; each shall be found by one thread.
        faiss.omp_set_num_threads(1)
        self.index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        self.index.add(vectors)

    def widen(self, width: int) -> None:
        self.index.hnsw.efSearch = width

    def search(self, vector: np.ndarray) -> tuple[list[int], list[float]]:
        scores, rows = self.index.search(vector[None], HITS)
        return rows[0].tolist(), scores[0].tolist()


class Chroma:
    def __init__(self, vectors: np.ndarray, documents: list[dict], url: str) -> None:
        import chromadb

        host, port = url.removeprefix("http://").split(":")
        self.client = chromadb.HttpClient(host=host, port=int(port))
        self.collection = self.client.create_collection(
            "load", configuration={"hnsw": {"space": "ip"}}, embedding_function=None
        )
        step = self.client.get_max_batch_size()
        for at in range(0, len(documents), step):
            batch = documents[at : at + step]
            self.collection.add(
                ids=[str(at + row) for row in range(len(batch))],
                embeddings=vectors[at : at + step],
                documents=[document["text"] for document in batch],
                metadatas=[{"title": document["title"]} for document in batch],
            )

    def widen(self, width: int) -> None:
        self.collection.modify(configuration={"hnsw": {"ef_search": width}})

    def search(self, vector: np.ndarray) -> tuple[list[int], list[float]]:
        include = ["documents", "metadatas", "distances"]
        found = self.collection.query(query_embeddings=vector[None], n_results=HITS, include=include)
        return [int(row) for row in found["ids"][0]], [1 - distance for distance in found["distances"][0]]


BACKENDS = {"usearch": Usearch, "faiss": Faiss, "chroma": Chroma}


def exact(vectors: np.ndarray, vector: np.ndarray) -> set[int]:
    return set(np.argsort(-(vectors @ vector), kind="stable")[:HITS].tolist())


def choose_width(backend: Usearch | Faiss | Chroma, encoder: Encoder, vectors: np.ndarray, texts: list[str]) -> dict:
    encoded = [encoder.encode(text) for text in texts]
    wanted = [exact(vectors, vector) for vector in encoded]
    recall = 0.0
    for width in WIDTHS:
        backend.widen(width)
        found = [len(rows & set(backend.search(vector)[0])) for vector, rows in zip(encoded, wanted, strict=True)]
        recall = sum(found) / (HITS * len(encoded))
        if recall >= RECALL:
            break
    return {"width": width, "recall": recall}


class Query(BaseModel):
    query: str


def serve(name: str, model: Path, folder: Path, threads: int, url: str) -> None:
    documents = [json.loads(line) for line in (folder / "documents.jsonl").read_text().splitlines()]
    vectors = np.fromfile(folder / "vectors.f32", dtype="<f4").reshape(len(documents), -1)
    encoder = Encoder(model, threads)
    backend = BACKENDS[name](vectors, documents, url)
    chosen = choose_width(backend, encoder, vectors, json.loads((folder / "queries.json").read_text()))
    app = FastAPI()

    # No coroutine: FastAPI runs it on one of its threads, so that requests are encoded side by side.
    @app.post("/search")
    def search(asked: Query) -> dict:
        rows, scores = backend.search(encoder.encode(asked.query))
        return {"hits": [{"score": score, **documents[row]} for row, score in zip(rows, scores, strict=True)]}

    listener = socket.create_server(("127.0.0.1", 0))
    address = {"port": listener.getsockname()[1], **chosen}
    (folder / "address.new").write_text(json.dumps(address))
    os.replace(folder / "address.new", folder / "address")
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    backend_name, model_folder, data_folder, encoder_threads, chroma_url = sys.argv[1:]
    serve(backend_name, Path(model_folder), Path(data_folder), int(encoder_threads), chroma_url)
