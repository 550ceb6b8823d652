"""Scorers of PyTorch as hypershard takes them: a shape, said once for an index, and weights, which come with each search.

A scorer is a multilayer perceptron from a document's vector to one number. What makes its weights (an encoder of queries, the
user tower of a recommender) stays in PyTorch; hypershard is sent the weights and runs the network on every document.
"""

import base64
import json
import struct
import urllib.request
from dataclasses import dataclass, field

import numpy


@dataclass
class QNet:
    """`matrices` are [inputs, outputs], the last one [inputs, 1]; `biases` are those of all but the last."""

    matrices: list[numpy.ndarray]
    biases: list[numpy.ndarray]
    activation: str = "relu"
    flags: dict[str, bool] = field(default_factory=dict)

    @property
    def shape(self) -> dict:
        """`vectors.scorer` of the index that it searches."""
        dimensions = [matrix.shape[0] for matrix in self.matrices] + [self.matrices[-1].shape[1]]
        return {"vector_dimensions": dimensions, "activation": self.activation, **self.flags}

    def request(self) -> dict:
        """`qnet` of a search."""
        return {"weights": base64.b64encode(self.safetensors()).decode(), "form": "safetensors"}

    def safetensors(self) -> bytes:
        """The file that docs/formats/qnet-weights.md describes; `safetensors.numpy.save` makes the same of a dictionary."""
        named = [(f"matrices.{at}", matrix) for at, matrix in enumerate(self.matrices)]
        named += [(f"biases.{at}", bias) for at, bias in enumerate(self.biases)]
        header, data = {}, b""
        for name, values in named:
            own = numpy.ascontiguousarray(values, dtype="<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(own)]}
            data += own
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + data


def array(tensor) -> numpy.ndarray:
    return tensor.detach().to("cpu").float().numpy()


def qnet_of_hypencoder(q_net, query: int = 0) -> QNet:
    """A q-net of the published Hypencoder code (github.com/jfkback/hypencoder-paper): what its query encoder gives as
    `representation`, of one of the queries that were encoded together.

    Its matrices are [queries, inputs, outputs] already. Each block but the last layer has a bias, the activation and perhaps
    layer norm and a residual; the last block has the residual only where the model was trained with it."""
    *blocks, last = q_net.layers
    matrices = [array(block.linear.weight[query]) for block in blocks] + [array(last.weight[query])]
    biases = [array(block.linear.bias[query]).reshape(-1) for block in blocks]
    first = blocks[0]
    flags = {
        "layer_norm": first.do_layer_norm,
        "layer_norm_before_residual": first.do_layer_norm and first.layer_norm_before_residual,
        "residual": any(block.do_residual for block in blocks),
        "residual_on_last": blocks[-1].do_residual,
    }
    return QNet(matrices, biases, activation_name(first.activation), flags)


def qnet_of_sequential(sequential) -> QNet:
    """An `nn.Sequential` of `nn.Linear` and one kind of activation between them, the last `nn.Linear` to one output without a
    bias. `nn.Linear` keeps its matrix as [outputs, inputs]: it is transposed."""
    linears = [layer for layer in sequential if hasattr(layer, "weight")]
    others = {activation_name(layer) for layer in sequential if not hasattr(layer, "weight")}
    if len(others) != 1 or linears[-1].bias is not None or linears[-1].out_features != 1:
        raise ValueError("not linear layers with one kind of activation between them, and a last one to 1 without a bias")
    return QNet(
        [array(linear.weight).T for linear in linears],
        [array(linear.bias) for linear in linears[:-1]],
        others.pop(),
    )


def activation_name(module) -> str:
    names = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "GELU": "gelu", "LeakyReLU": "leaky_relu"}
    name = type(module).__name__
    if name not in names:
        raise ValueError(f"hypershard has no activation {name}; it has {', '.join(names)}")
    return names[name]


def call(url: str, method: str, path: str, body, kind: str = "application/json") -> dict:
    """One request; the Python client (clients/python) does more, such as trying again."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"content-type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def serve(url: str, index: str, shape: dict, ids: list[str], vectors: numpy.ndarray) -> None:
    """Makes an index for scorers of one shape, and puts vectors into it."""
    call(url, "POST", "/v1/indexes", {"name": index, "model": "external", "vectors": {"width": vectors.shape[1], "scorer": shape}})
    lines = [
        json.dumps({"id": id, "vector": base64.b64encode(vector.astype("<f4").tobytes()).decode()})
        for id, vector in zip(ids, vectors)
    ]
    path = f"/v1/indexes/{index}/documents?wait_for=searchable"
    call(url, "PUT", path, "\n".join(lines).encode(), "application/x-ndjson")


def search(url: str, index: str, qnet: QNet, k: int) -> list[tuple[str, float]]:
    answer = call(url, "POST", f"/v1/indexes/{index}/search", {"qnet": qnet.request(), "k": k, "ids_only": True})
    return [(hit["id"], hit["score"]) for hit in answer["hits"]]
