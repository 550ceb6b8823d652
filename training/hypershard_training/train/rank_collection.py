"""Rankings of a BEIR collection by a finished run, by its frozen backbone alone, or by BM25, as TREC runs.

``hypershard eval --from-run`` judges them. A cluster ranks by the same scores; here a model need not be exported and served first.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from hypershard_training.export.load_run import backbone_of_run, load_run
from hypershard_training.model.minilm_source import MINILM_NAME
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.encode_source import EncodedSource, encode_source
from hypershard_training.train.hyper_head_module import HyperHead, batch_scores
from hypershard_training.train.precision import fast_dtype
from hypershard_training.train.settings import EncodeSettings
from hypershard_training.train.source import Source

HITS_MAX = 100
#: The best by scores in the machine's fast type, mostly bfloat16, which are then scored in float32: its rounding may not decide who is among the hits.
RESCORED = 400
DOCUMENTS_A_BLOCK = 4096
#: Robertson's parameters as Anserini sets them for BEIR.
BM25_K1, BM25_B = 0.9, 0.4

#: Document numbers, best first, and their scores, for each query in turn.
Ranking = Iterator[tuple[np.ndarray, np.ndarray]]


def rank_by_backbone(source: Source, settings: EncodeSettings, cache: Path, tell: Callable[[str], None]) -> Ranking:
    """By the inner product of mean-pooled vectors: the backbone as it is published."""
    encoded = encode_source(source, Backbone(settings, torch.device("cpu")), cache, tell)
    documents = encoded.vectors.float()
    for query in encoded.query_vectors.float():
        yield _best(documents @ query)


def encode_settings_of_run(folder: Path) -> EncodeSettings:
    """How texts are encoded for a finished run."""
    model = load_run(folder)
    trained_on = "" if model.backbone == MINILM_NAME else model.backbone
    return EncodeSettings(
        backbone=str(backbone_of_run(folder, trained_on)),
        pooling=model.document_pooling,
        normalize=model.normalize_documents,
        query_prefix=model.query_prefix,
        document_prefix=model.document_prefix,
        query_tokens_max=model.query_tokens_max,
        document_tokens_max=model.document_tokens_max,
    )


def rank_by_run(source: Source, folder: Path, cache: Path, tell: Callable[[str], None]) -> Ranking:
    """By the q-nets of a finished run."""
    model = load_run(folder)
    backbone = Backbone(encode_settings_of_run(folder), torch.device("cpu"))
    encoded = encode_source(source, backbone, cache, tell)
    head = HyperHead(model.architecture, backbone.width, "published").eval()
    head.load_state_dict(model.head)
    return _rank_by_head(encoded, head)


@torch.inference_mode()
def _rank_by_head(encoded: EncodedSource, head: HyperHead) -> Ranking:
    architecture = head.architecture
    rough, dtype = encoded.vectors.float(), fast_dtype(encoded.vectors.device)
    for query in range(len(encoded.source.queries)):
        states, mask = encoded.query_states(np.array([query]))
        weights = head(states, mask)
        if architecture.core_layers == 0:
            yield _best(rough @ weights.last[0])
            continue
        blocks = (batch_scores(architecture, weights, block[None], dtype)[0] for block in rough.split(DOCUMENTS_A_BLOCK))
        chosen = torch.cat(list(blocks)).topk(min(RESCORED, len(rough))).indices
        numbers, scores = _best(batch_scores(architecture, weights, rough[chosen][None])[0])
        yield chosen.numpy()[numbers], scores


def rank_by_bm25(source: Source) -> Ranking:
    """By BM25 (bm25s, Lucene's formula) over stemmed English words without stop words."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(k1=BM25_K1, b=BM25_B, method="lucene")
    index.index(bm25s.tokenize(source.documents, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    queries = bm25s.tokenize(source.queries, stopwords="en", stemmer=stemmer, show_progress=False)
    hits = min(HITS_MAX, len(source.documents))
    numbers, scores = index.retrieve(queries, k=hits, show_progress=False)
    for row, own in zip(numbers, scores, strict=True):
        found = own > 0
        yield row[found], own[found]


def write_trec_run(path: Path, source: Source, ranking: Ranking, tag: str) -> None:
    """Write ``query Q0 document rank score tag`` lines, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("w", encoding="utf-8") as file:
        for query, (numbers, scores) in zip(source.query_ids, ranking, strict=True):
            for rank, (number, score) in enumerate(zip(numbers, scores, strict=True), start=1):
                file.write(f"{query} Q0 {source.document_ids[number]} {rank} {float(score):.9g} {tag}\n")
    temporary.rename(path)


def _best(scores: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    top = scores.topk(min(HITS_MAX, len(scores)))
    return top.indices.numpy(), top.values.numpy()
