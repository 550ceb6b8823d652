"""Make, read and run checkpoints with the authors' released classes, to compare them with ours.

The released code is imported from a checkout given by path (https://github.com/jfkback/hypencoder-paper); none of it is part of
this project. It was written for transformers 4; two things are put in its way so that transformers 5 runs it:

- ``from_pretrained`` builds a model without memory for its weights, in which no other model can be loaded. The released
  constructors load their transformers, so here they only build them: the checkpoint holds every weight of theirs.
- ``from_pretrained`` and ``save_pretrained`` want to be told which weights are shared; the released classes say nothing.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, PreTrainedModel

from hypershard_training.model.bert_weights import BertSettings
from hypershard_training.model.qnet import QnetArchitecture

_QUERY, _PASSAGE = "query_encoder.transformer.", "passage_encoder.transformer."


@dataclass(frozen=True)
class PublishedOutput:
    """What the released code computes of token ids: q-nets one matrix [in, out] and bias [out] after the other, as generated."""

    #: By query.
    matrices: list[list[torch.Tensor]]
    biases: list[list[torch.Tensor]]
    #: [documents, hidden]
    vectors: torch.Tensor
    #: [queries, documents]
    scores: torch.Tensor


def write_backbone(folder: Path, settings: BertSettings, tokenizer_json: str, seed: int) -> None:
    """A BERT with random weights and its tokenizer: what ``model_name_or_path`` points at."""
    torch.manual_seed(seed)
    BertModel(BertConfig(**settings.to_config(), initializer_range=0.2)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")


def make_published(
    repository: Path, backbone: Path, architecture: QnetArchitecture, *, shared: bool, pooling: str, seed: int
) -> PreTrainedModel:
    """A released dual encoder over ``backbone``; its weights are random, and the document encoder's its own unless shared."""
    hypencoder = _import(repository)
    converter = {
        "vector_dimensions": list(architecture.vector_dimensions),
        "activation_type": architecture.activation,
        "do_layer_norm": architecture.layer_norm,
        "do_residual": architecture.residual,
        "do_residual_on_last": architecture.residual_on_last,
        "layer_norm_before_residual": architecture.layer_norm_before_residual,
    }
    name = {"model_name_or_path": str(backbone)}
    config = hypencoder.HypencoderDualEncoderConfig(
        query_encoder_kwargs=name | {"converter_kwargs": converter, "base_encoder_output_dim": architecture.vector_dimensions[0]},
        passage_encoder_kwargs=name | {"pooling_type": pooling},
        loss_type=["margin_mse"],
        loss_kwargs=[{}],
        shared_encoder=shared,
    )
    model = hypencoder.HypencoderDualEncoder(config).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.startswith(_PASSAGE):
                value.add_(0.1 * torch.randn_like(value))
            elif not name.startswith(_QUERY):
                _randomise(name.split(".")[1], value)
    return model


def _randomise(kind: str, value: torch.Tensor) -> None:
    """A parameter of the hyper-head. The released start will not do: one q-net for all queries, its layers scarcely wider than 0.

    Projections are weak against bases and biases high, or the units of a layer go one way and the relu stops them all at once.
    """
    scale = {"weight_query_embeddings": 8.0, "weight_hyper_projection": 0.3, "hyper_base_matrices": 1.0}.get(kind, 1.0)
    value.copy_(torch.randn_like(value) * scale / value.shape[-1] ** 0.5)
    if kind == "hyper_base_vectors":
        value.add_(2)


def save_published(model: PreTrainedModel, folder: Path, *, twice: bool) -> None:
    """``save_pretrained``; shared weights under both names (``twice``) or, as transformers did once, under the first alone."""
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    if model.config.shared_encoder and not twice:
        tensors = {name: value for name, value in tensors.items() if not name.startswith(_PASSAGE)}
    model.save_pretrained(folder, state_dict=tensors)


def load_published(repository: Path, folder: Path) -> tuple[PreTrainedModel, set[str]]:
    """The released ``from_pretrained``, and the names of weights that it missed in the checkpoint or found too many."""
    hypencoder = _import(repository)
    with _adapted(hypencoder):
        model, told = hypencoder.HypencoderDualEncoder.from_pretrained(folder, output_loading_info=True)
    if told["mismatched_keys"] or told["error_msgs"]:
        raise AssertionError(f"the released code cannot load {folder}: {told}")
    return model.eval(), {*told["missing_keys"], *told["unexpected_keys"]}


@torch.inference_mode()
def run_published(model: PreTrainedModel, queries: list[list[int]], documents: list[list[int]]) -> PublishedOutput:
    """In the model's own precision: queries in one padded batch; documents one by one, since the released mean pooling adds padding."""
    ids, mask = _padded(queries)
    states = model.query_encoder.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
    matrices, biases = model.query_encoder._get_weights_and_biases(states, mask)
    qnets = model.query_encoder(input_ids=ids, attention_mask=mask).representation
    rows = [_padded([own]) for own in documents]
    vectors = torch.cat([model.passage_encoder(input_ids=own, attention_mask=ones).representation for own, ones in rows])
    return PublishedOutput(
        matrices=[[matrix[i] for matrix in matrices] for i in range(len(queries))],
        biases=[[bias[i].squeeze(-1) for bias in biases] for i in range(len(queries))],
        vectors=vectors,
        scores=qnets(vectors.repeat(len(queries), 1, 1)).squeeze(-1),
    )


def _padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids padded with 0 to the longest, and the mask."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def _import(repository: Path) -> ModuleType:
    if str(repository) not in sys.path:
        sys.path.insert(0, str(repository))
    return importlib.import_module("hypencoder_cb.modeling.hypencoder")


class _BuiltModel:
    """Stands in for ``AutoModel`` in the released code: the transformer that a name has the settings of."""

    @staticmethod
    def from_pretrained(name: str) -> PreTrainedModel:
        return AutoModel.from_config(AutoConfig.from_pretrained(name))


@contextmanager
def _adapted(hypencoder: ModuleType) -> Iterator[None]:
    """The released module as transformers 5 can load it, put back afterwards."""
    dual, original = hypencoder.HypencoderDualEncoder, hypencoder.AutoModel
    hypencoder.AutoModel, dual.all_tied_weights_keys = _BuiltModel, property(_shared_names)
    try:
        yield
    finally:
        hypencoder.AutoModel = original
        del dual.all_tied_weights_keys


def _shared_names(model: PreTrainedModel) -> dict[str, str]:
    """The document encoder's names of weights that are the query encoder's, and those."""
    if not model.config.shared_encoder:
        return {}
    # Poolers, which nothing uses and our checkpoints lack, must count as missing, or they are left without memory.
    names = [name for name, _ in model.named_parameters() if name.startswith(_QUERY) and ".pooler." not in name]
    return {_PASSAGE + name.removeprefix(_QUERY): name for name in names}
