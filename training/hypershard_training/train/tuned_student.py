"""A student whose encoder is trained with it, shared between queries and documents."""

import numpy as np
import torch

from hypershard_training.train.draw_batches import Batch
from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import batch_scores
from hypershard_training.train.losses import ScoredBatch
from hypershard_training.train.settings import TrainSettings
from hypershard_training.train.student import Student
from hypershard_training.train.tuned_encoder import TunedEncoder

VALIDATION_TEXTS_A_BLOCK = 512


class TunedStudent(Student):
    """Encodes the documents of a batch once and scores all of them for every query.

    Encoding is most of a step, so vectors of the last batches of the same source stay as further negatives: the encoder moves so
    little in between that they are nearly what it would give now. They are part of the state, so a resumed run has them.
    """

    def __init__(self, settings: TrainSettings, encoder: TunedEncoder, width: int, sources: int) -> None:
        super().__init__(settings, width)
        self.encoder = encoder
        self.tokens_max = min(settings.optimise.document_tokens_max, settings.encode.document_tokens_max)
        recent = settings.optimise.recent_documents
        self.register_buffer("recent_vectors", torch.zeros(sources, recent, width))
        self.register_buffer("recent_numbers", torch.full((sources, recent), -1))

    def score_batch(self, batch: Batch) -> ScoredBatch:
        """Score every query of a batch against its own documents, then those of the others, then recent ones."""
        encoded, device = batch.source.encoded, self.log_scale.device
        own = batch.own
        rows, width = own.shape
        vectors = self.encoder.document_vectors([encoded.source.documents[max(0, d)] for d in own.ravel()], self.tokens_max)
        recent = self.recent_numbers[encoded.index]
        numbers = np.concatenate([own.ravel(), recent.cpu().numpy()])
        documents = torch.cat([vectors, self.recent_vectors[encoded.index]])
        # Column order is the loss's: a query's own documents first. Its own are left out among the documents of all.
        order = np.concatenate(
            [np.arange(rows * width).reshape(rows, width), np.tile(np.arange(len(numbers)), (rows, 1))], axis=1
        )
        usable = numbers[order] >= 0
        for row, query in enumerate(batch.queries):
            excluded = [*encoded.source.positives[query], *own[row]]
            usable[row, width:] &= ~np.isin(numbers, excluded)
        states, mask = self.encoder.token_states([encoded.source.queries[query] for query in batch.queries])
        weights = self.head(states, mask, self.dtype)
        scores = batch_scores(self.architecture, weights, documents.expand(rows, -1, -1), self.dtype)
        scores = scores.gather(1, torch.from_numpy(order).to(device))
        dense = self._backbone_scores(encoded, batch.queries, numbers).gather(1, torch.from_numpy(order)).to(device)
        self._remember(encoded.index, own.ravel(), vectors.detach())
        teacher = self._teacher(batch, dense)
        return ScoredBatch(scores * self.log_scale.exp(), dense, teacher, torch.from_numpy(usable).to(device))

    def query_states(self, encoded: EncodedSource, queries: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [queries, tokens, width] and their mask, as the encoder gives them now."""
        return self.encoder.token_states([encoded.source.queries[query] for query in queries])

    def document_vectors(self, encoded: EncodedSource, documents: np.ndarray) -> torch.Tensor:
        """Vectors [documents, width] as the encoder gives them now, of whole texts."""
        texts = [encoded.source.documents[document] for document in documents]
        limit = self.encoder.settings.document_tokens_max
        blocks = range(0, len(texts), VALIDATION_TEXTS_A_BLOCK)
        return torch.cat([self.encoder.document_vectors(texts[at : at + VALIDATION_TEXTS_A_BLOCK], limit) for at in blocks])

    @staticmethod
    def _backbone_scores(encoded: EncodedSource, queries: np.ndarray, documents: np.ndarray) -> torch.Tensor:
        """Inner products [queries, documents], each document read once however many queries it is for."""
        vectors = encoded.vectors[torch.from_numpy(documents.clip(min=0))].float()
        return encoded.query_vectors[torch.from_numpy(queries)].float() @ vectors.T

    def _remember(self, source: int, numbers: np.ndarray, vectors: torch.Tensor) -> None:
        count = self.recent_numbers.shape[1]
        now = torch.from_numpy(numbers).to(self.recent_numbers)
        self.recent_numbers[source] = torch.cat([now, self.recent_numbers[source]])[:count]
        self.recent_vectors[source] = torch.cat([vectors, self.recent_vectors[source]])[:count]
