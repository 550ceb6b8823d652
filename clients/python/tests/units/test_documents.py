"""Documents on their way, without a cluster."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator

import httpx
import numpy
import pandas
import pyarrow
import pyarrow.dataset
import pytest

import hypershard
from hypershard import Client, InvalidCall, NotReachable
from hypershard._documents import CHUNK_BYTES, BatchCutter, PutAnswerReader, cut_batches, join_chunks
from hypershard._frames import rows_of

REPORT = {
    "received": 1, "accepted": 1, "failed": 0, "sequence": 1, "repeated": False, "searchable": False,
    "manifest_version": 1, "problem": None, "documents_unreadable": None, "unreadable": [], "took_ms": 1, "errors": [],
}  # fmt: skip


def test_batches_are_bounded_and_nothing_is_lost() -> None:
    documents = [{"id": str(at), "text": "a" * (at % 50)} for at in range(100)]
    batches = list(cut_batches(documents, BatchCutter(bytes_max=200, documents_max=7)))
    assert all(len(batch.content) <= 200 and batch.documents <= 7 for batch in batches)
    lines = b"".join(batch.content for batch in batches).splitlines()
    assert [json.loads(line) for line in lines] == documents
    assert [batch.first for batch in batches] == [
        1 + sum(b.documents for b in batches[:at]) for at in range(len(batches))
    ]
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]


def test_a_document_that_is_too_large_is_a_batch_of_its_own() -> None:
    documents = [{"id": "a"}, {"id": "b" * 100}, {"id": "c"}]
    assert [batch.documents for batch in cut_batches(documents, BatchCutter(bytes_max=50))] == [1, 1, 1]


def test_the_source_is_read_no_faster_than_batches_are_taken() -> None:
    read = 0

    def source() -> Iterator[dict[str, str]]:
        nonlocal read
        for read in range(1, 101):
            yield {"id": str(read)}

    batches = cut_batches(source(), BatchCutter(documents_max=10))
    next(batches)
    assert read == 11


def test_chunks_are_joined_and_bounded() -> None:
    pieces = [b'{"id":"a"}\n', '{"id":"é"}\n', {"id": "b"}] * 10_000
    chunks = list(join_chunks(pieces))
    assert max(map(len, chunks)) <= CHUNK_BYTES + 20
    assert b"".join(chunks) == b'{"id":"a"}\n{"id":"\xc3\xa9"}\n{"id":"b"}\n' * 10_000


def test_a_put_that_may_have_been_lost_is_sent_again_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypershard._client.time.sleep", lambda seconds: None)
    sent: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.headers["idempotency-key"], request.read()))
        if len(sent) == 1:
            raise httpx.ReadError("torn")
        if len(sent) == 2:
            return httpx.Response(200, content=b'{"progress":{"received":1,"sequence":null,"waiting":null}}\n')
        errors = [{"line": 2, "id": "b", "code": "invalid_request", "message": "no"}]
        return httpx.Response(200, content=json.dumps({"result": {**REPORT, "errors": errors}}).encode())

    client = Client("http://test", transport=httpx.MockTransport(answer))
    documents = [{"id": str(at)} for at in range(4)]
    total = client.put_all("a", documents, idempotency_key="load", batch_documents_max=2)
    assert [key for key, _ in sent] == ["load-1", "load-1", "load-1", "load-2"]
    assert len({body for _, body in sent[:3]}) == 1
    assert (total.received, [error.line for error in total.errors]) == (2, [2, 4])


def test_an_answer_is_read_from_any_pieces() -> None:
    seen: list[int] = []
    text = json.dumps({"progress": {"received": 3, "sequence": None, "waiting": None}}) + "\n\n"
    text += json.dumps({"result": REPORT})
    reader = PutAnswerReader(lambda progress: seen.append(progress.received))
    for byte in text.encode():
        reader.feed(bytes([byte]))
    assert (reader.end().accepted, seen) == (1, [3])


@pytest.mark.parametrize("text", [b"", b"<html>\n", b'{"result": 3}\n', b"[]\n", b'"result"\n'])
def test_an_answer_that_is_none_is_told_so(text: bytes) -> None:
    reader = PutAnswerReader(None)
    with pytest.raises(NotReachable):  # noqa: PT012
        reader.feed(text)
        reader.end()


def test_the_problem_that_ended_a_put_is_raised() -> None:
    with pytest.raises(hypershard.StorageFull):
        PutAnswerReader(None).feed(b'{"problem":{"code":"storage_full","detail":"full","status":507}}\n')


def test_rows_of_pandas() -> None:
    frame = pandas.DataFrame(
        {
            "id": ["a", "b"],
            "text": ["one", None],
            "year": [1969, numpy.nan],
            "count": pandas.array([1, None], dtype="Int64"),
            "on": pandas.to_datetime(["2026-01-02T03:04:05Z", None]),
            "vector": [numpy.ones(2, dtype="f4"), numpy.zeros(2, dtype="f4")],
        }
    )
    first, second = rows_of(frame)
    assert {**first, "vector": None} == {
        "id": "a",
        "text": "one",
        "year": 1969,
        "count": 1,
        "on": pandas.Timestamp("2026-01-02T03:04:05Z"),
        "vector": None,
    }
    assert list(second) == ["id", "vector"]


@pytest.mark.parametrize("kind", ["table", "batch", "reader", "dataset"])
def test_rows_of_pyarrow(kind: str) -> None:
    vectors = pyarrow.array([[1.0, 2.0], None, [3.0, 4.0]], type=pyarrow.list_(pyarrow.float32(), 2))
    table = pyarrow.table({"id": ["a", "b", "c"], "year": [1, None, 3], "vector": vectors}).slice(0, 3)
    kinds = {
        "table": table,
        "batch": table.to_batches()[0],
        "reader": table.to_reader(),
        "dataset": pyarrow.dataset.dataset(table),
    }
    source = kinds[kind]
    rows = list(rows_of(source))
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert list(rows[1]) == ["id"]
    assert rows[2]["vector"].tolist() == [3.0, 4.0]
    assert rows[2]["vector"].dtype == numpy.float32


def test_a_time_without_a_zone_is_refused_with_its_place() -> None:
    frame = pandas.DataFrame({"id": ["a", "b"], "on": [pandas.NaT, datetime.datetime(2026, 1, 2)]})
    with pytest.raises(InvalidCall, match="document 2, on: 2026-01-02 00:00:00 has no zone"):
        list(rows_of(frame))
