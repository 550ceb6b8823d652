"""Vectors and q-nets of one's own, in and out."""

from __future__ import annotations

import numpy
import pytest

import hypershard
from hypershard import Client, qnet_of_layers


def test_vectors_go_in_and_come_out(client: Client, own: str) -> None:
    rng = numpy.random.default_rng(1)
    vectors = rng.standard_normal((50, 4)).astype("f4")
    total = client.put_all(own, ({"id": str(at), "vector": vectors[at]} for at in range(50)), wait_for="searchable")
    assert (total.accepted, total.failed) == (50, 0)
    query = rng.standard_normal(4).astype("f4")
    answer = client.search(own, vector=query, k=50, plan="exact")
    scores = vectors @ query
    assert [hit.id for hit in answer.hits] == [str(at) for at in numpy.argsort(-scores)]
    assert [hit.score for hit in answer.hits] == pytest.approx(sorted(scores, reverse=True), rel=1e-5)
    stored = client.get_document(own, "7", vector=True).vector
    assert stored is not None
    assert numpy.array_equal(stored.to_numpy(), vectors[7])
    assert stored.to_numpy().dtype == numpy.float32
    batch = client.search_batch(own, searches=[{"vector": query, "k": 1}, {"vector": query[:3], "k": 1}])
    good, bad = batch.outcomes
    assert isinstance(good, hypershard.SearchOutcomeAnswer)
    assert good.answer.hits[0].id == answer.hits[0].id
    assert isinstance(bad, hypershard.SearchOutcomeProblem)
    assert isinstance(bad.problem.to_error(), hypershard.InvalidRequest)


def test_halves_go_in_as_halves_and_are_not_taken_for_singles(client: Client) -> None:
    rng = numpy.random.default_rng(3)
    halves = rng.standard_normal((20, 4)).astype("f2")
    client.create_index(name="halves", model="external", vectors={"width": 4})
    rows = [{"id": str(at), "vector": vector} for at, vector in enumerate(halves)]
    assert client.put_all("halves", rows, wait_for="searchable").failed == 0
    stored = client.get_document("halves", "3", vector=True).vector
    assert stored is not None
    assert numpy.array_equal(stored.to_numpy(), halves[3].astype("f4"))
    # Two singles have as many bytes as four halves.
    with pytest.raises(hypershard.InvalidRequest, match=r"width|values"):
        client.search("halves", vector=numpy.ones(2, dtype="f4"))
    scores = halves.astype("f4") @ halves[3].astype("f4")
    assert client.search("halves", vector=halves[3], k=1, plan="exact").hits[0].id == str(int(numpy.argmax(scores)))
    composed = client.search("halves", query={"any": [{"vector": halves[3]}, {"vector": halves[4]}]}, k=2)
    assert composed.leaves == ["any[0]", "any[1]"]
    client.delete_index("halves")


def test_bad_vectors_are_told_with_their_line(client: Client, own: str) -> None:
    documents = [
        {"id": "good", "vector": numpy.ones(4)},
        {"id": "wide", "vector": numpy.ones(5)},
        {"id": "nan", "vector": numpy.full(4, numpy.nan)},
    ]
    total = client.put_all(own, documents, batch_documents_max=1)
    assert [(error.line, error.id) for error in total.errors] == [(2, "wide"), (3, "nan")]


def test_a_qnet_of_layers_scores(client: Client) -> None:
    rng = numpy.random.default_rng(2)
    first, bias, last = (rng.standard_normal(shape).astype("f4") for shape in ((4, 8), (8,), (8, 1)))
    shape = {"vector_dimensions": [4, 8, 1], "activation": "relu"}
    client.create_index(name="scored-by-layers", model="external", vectors={"width": 4, "scorer": shape})
    vectors = rng.standard_normal((20, 4)).astype("f4")
    documents = [{"id": str(at), "vector": vector} for at, vector in enumerate(vectors)]
    client.put_all("scored-by-layers", documents, wait_for="searchable")
    qnet = qnet_of_layers([(first, bias), (last, None)])
    answer = client.search("scored-by-layers", qnet=qnet, k=20, plan="exact")
    expected = (numpy.maximum(vectors @ first + bias, 0) @ last)[:, 0]
    assert {hit.id: hit.score for hit in answer.hits} == pytest.approx(
        {str(at): score for at, score in enumerate(expected)}, rel=1e-4, abs=1e-5
    )
    client.delete_index("scored-by-layers")
