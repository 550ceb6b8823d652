"""Vectors and q-nets of one's own, as they are sent."""

from __future__ import annotations

import base64
import struct

import numpy
import pytest

from hypershard import InvalidCall, qnet_of_layers
from hypershard._vectors import VectorAnswer, expression_to_wire, to_wire

numbers = [0.5, -1.25, 3.0]


@pytest.mark.parametrize(
    ("vector", "form"),
    [
        (numpy.array(numbers, dtype="f8"), "<3f"),
        (numpy.array(numbers, dtype=">f4"), "<3f"),
        (numpy.array(numbers, dtype="f2"), "<3e"),
        (numpy.array([*numbers, 9])[::-1][:0:-1][::-1][::-1], "<3f"),
    ],
)
def test_an_array_is_sent_as_its_bytes_with_its_precision(vector: object, form: str) -> None:
    values = base64.b64encode(struct.pack(form, *numbers)).decode()
    wire = {"values": values, "precision": "f16" if form == "<3e" else "f32"}
    assert to_wire(vector) == wire
    assert to_wire({"model": "m", "values": vector}) == {"model": "m", **wire}
    composed = {"any": ["stars", {"vector": vector, "weight": 2}, {"not": {"vector": vector}}]}
    leaves = ["stars", {"vector": wire, "weight": 2}, {"not": {"vector": wire}}]
    assert expression_to_wire(composed) == {"any": leaves}


def test_the_rest_is_sent_as_it_is() -> None:
    assert to_wire(numbers) == numbers
    assert to_wire("AAAA") == "AAAA"
    assert to_wire(struct.pack("<3f", *numbers)) == base64.b64encode(struct.pack("<3f", *numbers)).decode()
    marked = {"model": "m", "values": "AAAA", "precision": "f16"}
    assert to_wire(marked) == marked
    assert expression_to_wire("stars") == "stars"


@pytest.mark.parametrize("vector", [numpy.zeros((1, 3)), numpy.array(["a"]), numpy.array([1j]), numpy.float32(1)])
def test_what_is_no_vector_is_refused(vector: object) -> None:
    with pytest.raises(InvalidCall):
        to_wire(vector)


@pytest.mark.parametrize("values", [numbers, base64.b64encode(struct.pack("<3f", *numbers)).decode()])
def test_a_vector_of_an_answer_is_an_array(values: object) -> None:
    array = VectorAnswer(values=values).to_numpy()
    assert (array.tolist(), array.dtype, array.flags.writeable) == (numbers, numpy.float32, True)


def test_layers_make_a_qnet() -> None:
    first, bias, last = numpy.arange(6.0).reshape(2, 3), numpy.ones(3), numpy.zeros((3, 1))
    made = qnet_of_layers([(first, bias), (last, None)], model="m")
    assert made == {"weights": struct.pack("<12f", *range(6), 1, 1, 1, 0, 0, 0), "model": "m"}
    for layers in ([], [(first, bias)], [(first, None), (last, None)]):
        with pytest.raises(InvalidCall):
            qnet_of_layers(layers)
