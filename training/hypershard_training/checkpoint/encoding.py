"""Encode and score texts with a ``DualEncoder`` in PyTorch: what every exported model is compared with."""

import torch
from transformers import BertConfig, BertModel

from hypershard_training.checkpoint.config import Pooling
from hypershard_training.checkpoint.dual_encoder import DualEncoder, Transformer
from hypershard_training.model.hyper_head import generate_qnet
from hypershard_training.model.qnet import qnet_scores

Qnet = tuple[list[torch.Tensor], list[torch.Tensor]]


class TorchEncoder:
    """Encodes one text at a time, so that there is no padding. ``dtype`` is computed in: float32, or float64 for references."""

    def __init__(self, model: DualEncoder, dtype: torch.dtype = torch.float32) -> None:
        self.model, self.dtype = model, dtype
        self._query = _bert(model.query, dtype)
        self._document = self._query if model.document is model.query else _bert(model.document, dtype)
        self._head = None if model.head is None else {name: value.to(dtype) for name, value in model.head.items()}

    def query_states(self, ids: list[int]) -> torch.Tensor:
        """Token states [tokens, hidden] of a query."""
        return _states(self._query, ids)

    def document_states(self, ids: list[int]) -> torch.Tensor:
        """Token states [tokens, hidden] of a document."""
        return _states(self._document, ids)

    def document_vector(self, ids: list[int]) -> torch.Tensor:
        """Vector [hidden] of a document."""
        return pool(self.document_states(ids), self.model.document_pooling, self.model.normalize_documents)

    def qnet(self, ids: list[int]) -> Qnet:
        """A query's matrices, each [in, out], and biases, each [out]."""
        return self.qnet_of_states(self.query_states(ids))

    def qnet_of_states(self, states: torch.Tensor) -> Qnet:
        """The same from token states [tokens, hidden]."""
        if self._head is None:
            return [pool(states, self.model.query_pooling, self.model.normalize_queries)[:, None]], []
        mask = torch.ones(1, len(states))
        matrices, biases = generate_qnet(self.model.architecture, self._head, states[None], mask)
        return [matrix[0] for matrix in matrices], [bias[0] for bias in biases]

    def scores(self, qnet: Qnet, vectors: torch.Tensor) -> torch.Tensor:
        """Scores [count] of document vectors [count, hidden]."""
        return qnet_scores(self.model.architecture, *qnet, vectors)


def pool(states: torch.Tensor, pooling: Pooling, normalize: bool) -> torch.Tensor:
    """Token states [tokens, hidden] of one text to its vector [hidden]."""
    vector = states.mean(0) if pooling == "mean" else states[0]
    return vector / vector.norm() if normalize else vector


def _bert(transformer: Transformer, dtype: torch.dtype) -> BertModel:
    config = BertConfig(**transformer.settings.to_config(), attn_implementation="eager")
    bert = BertModel(config, add_pooling_layer=False).eval().to(dtype)
    bert.load_state_dict({name: transformer.weights[name] for name in transformer.settings.tensor_shapes()}, strict=False)
    return bert


@torch.inference_mode()
def _states(bert: BertModel, ids: list[int]) -> torch.Tensor:
    inputs = torch.tensor([ids])
    return bert(input_ids=inputs, attention_mask=torch.ones_like(inputs)).last_hidden_state[0]
