"""What is trained: the hyper-head and the scale of its scores."""

import math

import numpy as np
import torch
from torch import nn

from hypershard_training.model.qnet import QnetArchitecture
from hypershard_training.train.draw_batches import Batch
from hypershard_training.train.encode_source import EncodedSource
from hypershard_training.train.hyper_head_module import HyperHead, batch_scores
from hypershard_training.train.losses import ScoredBatch
from hypershard_training.train.precision import DTYPES
from hypershard_training.train.settings import TrainSettings


class Student(nn.Module):
    """A hyper-head over a frozen backbone of ``width``; depth 0 is the dense head, trained by the very same code.

    ``settings.encode.precision`` has been chosen: it is not ``auto``.
    """

    def __init__(self, settings: TrainSettings, width: int) -> None:
        super().__init__()
        model = settings.model
        self.architecture = QnetArchitecture(
            (width,) * (model.depth + 1) + (1,),
            activation=model.activation,
            layer_norm=model.layer_norm and model.depth > 0,
            layer_norm_before_residual=model.layer_norm_before_residual,
            residual=model.residual and model.depth > 0,
            residual_on_last=model.residual_on_last and model.depth > 0,
        )
        self.head = HyperHead(self.architecture, width, "published" if model.initialise == "published" else "dense")
        self.log_scale = nn.Parameter(torch.tensor(math.log(settings.loss.scale)), requires_grad=settings.loss.learn_scale)
        self.dtype = DTYPES[settings.encode.precision]
        self.dropout = settings.optimise.dropout

    def score_batch(self, batch: Batch) -> ScoredBatch:
        """Score every query of a batch against its own and the shared documents."""
        encoded = batch.source.encoded
        device = self.log_scale.device
        states, mask = self.query_states(encoded, batch.queries)
        states = torch.nn.functional.dropout(states, self.dropout, self.training)
        documents = self._documents(batch).to(device)
        scores = batch_scores(self.architecture, self.head(states, mask, self.dtype), documents, self.dtype)
        dense = torch.bmm(documents.float(), encoded.query_vectors[batch.queries].to(device).float()[:, :, None]).squeeze(-1)
        present = torch.from_numpy(batch.own >= 0)
        usable = torch.cat([present, ~torch.from_numpy(batch.known)], dim=1).to(device)
        return ScoredBatch(scores * self.log_scale.exp(), dense, self._teacher(batch, dense), usable)

    def query_states(self, encoded: EncodedSource, queries: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [queries, tokens, width] in float32 and their mask, on the student's device."""
        states, mask = encoded.query_states(queries)
        return states.to(self.log_scale.device), mask.to(self.log_scale.device)

    def document_vectors(self, encoded: EncodedSource, documents: np.ndarray) -> torch.Tensor:
        """Vectors [documents, width] on the student's device."""
        return encoded.vectors[torch.from_numpy(documents)].to(self.log_scale.device)

    @staticmethod
    def _documents(batch: Batch) -> torch.Tensor:
        """[batch, own + shared, width]; a missing document is document 0 and not usable."""
        vectors = batch.source.encoded.vectors
        own = vectors[torch.from_numpy(batch.own.clip(min=0))]
        return torch.cat([own, vectors[torch.from_numpy(batch.shared)].expand(len(own), -1, -1)], dim=1)

    @staticmethod
    def _teacher(batch: Batch, dense: torch.Tensor) -> torch.Tensor:
        """Teacher's scores of own documents: the data's where it has any for the query, else the backbone's inner products."""
        source = batch.source.encoded.source
        teacher = dense[:, : batch.own.shape[1]].clone()
        for row, query in enumerate(batch.queries):
            if scores := source.scores.get(int(query)):
                teacher[row] = torch.tensor([scores.get(int(document), float("nan")) for document in batch.own[row]])
        return teacher
