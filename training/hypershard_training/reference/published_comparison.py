"""Run the authors' released code on the fixtures' tensors and measure how far ours is from it.

The released code is imported from a checkout given by path (https://github.com/jfkback/hypencoder-paper); none of it is
part of this project. Its classes are filled with our parameters, so no model weights and no network are needed.
"""

import importlib
import sys
from pathlib import Path

import torch
from torch import nn

from hypershard_training.reference import cases
from hypershard_training.reference.values import hyper_head_expected, qnet_expected


def compare_with_published(repository: Path) -> dict[str, float]:
    """Largest differences of our code from the released code, over all fixture cases.

    A difference is divided by the largest magnitude of its case (a score that is near 0 by chance has no digits to lose).
    """
    if str(repository) not in sys.path:
        sys.path.insert(0, str(repository))
    q_net = importlib.import_module("hypencoder_cb.modeling.q_net")
    hypencoder = importlib.import_module("hypencoder_cb.modeling.hypencoder")
    single, double = torch.float32, torch.float64

    def qnet(published: torch.dtype, ours: torch.dtype) -> float:
        return max(_qnet_difference(q_net, case, published, ours) for case in cases.qnet_cases())

    def hyper_head(published: torch.dtype) -> float:
        return max(_hyper_head_difference(hypencoder, q_net, case, published) for case in cases.hyper_head_cases())

    return {
        "qnetFloat32AgainstOurFloat32": qnet(single, single),
        "qnetFloat32AgainstStored": qnet(single, double),
        "qnetFloat64AgainstStored": qnet(double, double),
        "hyperHeadFloat32AgainstStored": hyper_head(single),
        "hyperHeadFloat64AgainstStored": hyper_head(double),
    }


def _qnet_difference(q_net, case: cases.QnetCase, published_dtype: torch.dtype, our_dtype: torch.dtype) -> float:
    documents, matrices, biases = cases.qnet_tensors(case)
    model = _converter(q_net, case)(
        [torch.from_numpy(tensor).to(published_dtype)[None] for tensor in matrices],
        [torch.from_numpy(tensor).to(published_dtype)[None, :, None] for tensor in biases],
        is_training=False,
    )
    with torch.no_grad():
        published = model(torch.from_numpy(documents).to(published_dtype)[None]).flatten()
    return _relative_difference(published, qnet_expected(case, our_dtype))


def _hyper_head_difference(hypencoder, q_net, case: cases.HyperHeadCase, dtype: torch.dtype) -> float:
    states, parameters = cases.hyper_head_tensors(case)
    model = _hyper_head(hypencoder, q_net, case, {k: torch.from_numpy(v).to(dtype) for k, v in parameters.items()})
    with torch.no_grad():
        matrices, vectors = model._get_weights_and_biases(torch.from_numpy(states).to(dtype), torch.tensor(case.mask))
    expected_matrices, expected_biases = hyper_head_expected(case)
    if len(matrices) != len(expected_matrices) or len(vectors) != len(expected_biases):
        raise AssertionError(f"{case.name}: the released code generates another number of tensors")
    pairs = list(zip(matrices, expected_matrices, strict=True))
    pairs += [(vector.squeeze(-1), bias) for vector, bias in zip(vectors, expected_biases, strict=True)]
    return max(_relative_difference(published, ours) for published, ours in pairs)


def _converter(q_net, case: cases.QnetCase | cases.HyperHeadCase):
    architecture = case.architecture
    return q_net.RepeatedDenseBlockConverter(
        list(architecture.vector_dimensions),
        activation_type=architecture.activation,
        do_layer_norm=architecture.layer_norm,
        do_residual=architecture.residual,
        do_residual_on_last=architecture.residual_on_last,
        layer_norm_before_residual=architecture.layer_norm_before_residual,
    )


def _hyper_head(hypencoder, q_net, case: cases.HyperHeadCase, parameters: dict[str, torch.Tensor]):
    """A released Hypencoder without its transformer, holding our parameters under its own names."""
    model = object.__new__(hypencoder.Hypencoder)
    nn.Module.__init__(model)
    converter = _converter(q_net, case)
    model.weight_shapes, model.bias_shapes = converter.weight_shapes, converter.bias_shapes
    matrices = [f"matrices.{i}" for i in range(len(model.weight_shapes))]
    biases = [f"biases.{i}" for i in range(len(model.bias_shapes))]

    def linears(prefixes: list[str], name: str) -> list[nn.Linear]:
        return [_linear(parameters[f"{p}.{name}.weight"], parameters[f"{p}.{name}.bias"]) for p in prefixes]

    model.key_projections = nn.ModuleList(linears(matrices + biases, "key"))
    model.value_projections = nn.ModuleList(linears(matrices + biases, "value"))
    model.weight_hyper_projection = nn.ModuleList(linears(matrices, "projection"))
    model.bias_hyper_projection = nn.ModuleList(linears(biases, "projection"))
    model.weight_query_embeddings = [parameters[f"{p}.query_embedding"][None] for p in matrices]
    model.bias_query_embeddings = [parameters[f"{p}.query_embedding"][None] for p in biases]
    model.hyper_base_matrices = [parameters[f"{p}.base"][None] for p in matrices]
    model.hyper_base_vectors = [parameters[f"{p}.base"] for p in biases]
    return model


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    with torch.no_grad():
        linear.weight.copy_(weight)
        linear.bias.copy_(bias)
    return linear


def _relative_difference(published: torch.Tensor, ours: torch.Tensor) -> float:
    if published.shape != ours.shape:
        raise AssertionError(f"shape {tuple(published.shape)} of the released code is not ours, {tuple(ours.shape)}")
    ours = ours.double()
    return float((published.double() - ours).abs().max() / ours.abs().max())
