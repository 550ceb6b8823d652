"""The names under which a published checkpoint keeps the hyper-head's parameters, and ours.

The released code numbers key and value projections through, weights first, then biases; its query embeddings and weight bases have
a leading dimension of 1, its bias bases have none (``hypencoder_cb/modeling/hypencoder.py``).
"""

import torch

from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.qnet import QnetArchitecture

QUERY, DOCUMENT = "query_encoder.transformer.", "passage_encoder.transformer."


def published_head_shapes(architecture: QnetArchitecture, hidden: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the hyper-head's tensors as a published checkpoint has them."""
    shapes = hyper_head_parameter_shapes(architecture, hidden)
    return {
        published_name(name, architecture): (1, *shape) if _has_leading_one(name) else shape for name, shape in shapes.items()
    }


def published_name(name: str, architecture: QnetArchitecture) -> str:
    """The published name of a parameter of ``hyper_head_parameter_shapes``."""
    kind, number, parameter = name.split(".", 2)
    weight = kind == "matrices"
    through = int(number) if weight else int(number) + len(architecture.matrix_shapes)
    family, _, member = parameter.partition(".")
    published = {
        "key": f"key_projections.{through}.{member}",
        "value": f"value_projections.{through}.{member}",
        "query_embedding": f"{'weight' if weight else 'bias'}_query_embeddings.{number}",
        "projection": f"{'weight' if weight else 'bias'}_hyper_projection.{number}.{member}",
        "base": f"hyper_base_{'matrices' if weight else 'vectors'}.{number}",
    }
    return f"query_encoder.{published[family]}"


def head_from_published(tensors: dict[str, torch.Tensor], architecture: QnetArchitecture, hidden: int) -> dict[str, torch.Tensor]:
    """The hyper-head's parameters by our names and shapes, out of tensors that were checked before."""
    shapes = hyper_head_parameter_shapes(architecture, hidden)
    return {name: tensors[published_name(name, architecture)].reshape(shape) for name, shape in shapes.items()}


def head_to_published(head: dict[str, torch.Tensor], architecture: QnetArchitecture) -> dict[str, torch.Tensor]:
    """The other way round."""
    return {published_name(name, architecture): value[None] if _has_leading_one(name) else value for name, value in head.items()}


def _has_leading_one(name: str) -> bool:
    return name.endswith(".query_embedding") or (name.startswith("matrices.") and name.endswith(".base"))
