"""Documents on their way to an index, and what became of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from hypershard._call import encode, make_key
from hypershard._errors import InvalidCall, NotReachable, Problem
from hypershard._frames import is_frame, rows_of
from hypershard._generated import LineError, WriteProgress, WriteReport
from hypershard._limits import LINE_ERRORS_MAX
from hypershard._vectors import to_wire

DocumentLine = Mapping[str, Any]
"""`id`, `title`, `text`, `vector` and any fields; or `{"id": …, "_op": "delete"}`. See docs/api.md."""
Documents = Iterable[DocumentLine]
"""Any iterable, one that reads a file or a database as it goes; or a DataFrame of pandas or a Table of pyarrow."""
AsyncDocuments = Documents | AsyncIterable[DocumentLine]
Lines = Iterable[bytes | str | DocumentLine]
"""NDJSON piece by piece, such as a file that was opened, or documents."""
AsyncLines = Lines | AsyncIterable[bytes | str | DocumentLine]
OnProgress = Callable[[WriteProgress], object]

BATCH_BYTES_DEFAULT = 4 * 1024 * 1024
BATCH_DOCUMENTS_DEFAULT = 4_096
CHUNK_BYTES = 64 * 1024
ANSWER_LINE_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """Documents that are sent in one request."""

    content: bytes
    documents: int
    first: int
    """The place of its first document in the source, from 1."""
    last: bool


@dataclass(frozen=True)
class BatchReport:
    """What became of one batch."""

    first: int
    """The place of its first document in the source, from 1; lines of errors are counted from there too."""
    documents: int
    report: WriteReport


@dataclass
class PutSum:
    """What became of all batches, as if they had been one write."""

    received: int = 0
    accepted: int = 0
    failed: int = 0
    sequence: int | None = None
    searchable: bool = False
    errors: list[LineError] = field(default_factory=list)
    """The first 1,000; `failed` counts them all."""

    def add(self, report: WriteReport) -> None:
        self.received += report.received
        self.accepted += report.accepted
        self.failed += report.failed
        self.sequence = self.sequence if report.sequence is None else report.sequence
        self.searchable = report.searchable
        self.errors = [*self.errors, *report.errors][:LINE_ERRORS_MAX]


class BatchCutter:
    """
    Cuts documents into bodies of bounded size. A batch is given away when the document after it has come, so that it
    is known which is the last: two at most are in memory.
    """

    def __init__(self, bytes_max: int = BATCH_BYTES_DEFAULT, documents_max: int = BATCH_DOCUMENTS_DEFAULT) -> None:
        if bytes_max < 1 or documents_max < 1:
            raise InvalidCall("batch_bytes_max, batch_documents_max: must be at least 1")
        self._bytes_max = bytes_max
        self._documents_max = documents_max
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = 1

    def add(self, document: DocumentLine) -> Batch | None:
        """Takes a document; gives the batch before it where that is full. One that is too large alone is a batch."""
        line = to_line(document, self._first + len(self._lines))
        full = len(self._lines) >= self._documents_max or self._bytes + len(line) > self._bytes_max
        batch = self._cut(last=False) if full and self._lines else None
        self._lines.append(line)
        self._bytes += len(line)
        return batch

    def end(self) -> Batch | None:
        """What is left; None where there was no document at all."""
        return self._cut(last=True) if self._lines else None

    def _cut(self, last: bool) -> Batch:
        batch = Batch(b"".join(self._lines), len(self._lines), self._first, last)
        self._first += len(self._lines)
        self._lines = []
        self._bytes = 0
        return batch


def cut_batches(documents: Documents, cutter: BatchCutter) -> Iterator[Batch]:
    """All batches of a source, which is read no faster than they are taken."""
    for document in documents_in(documents):
        batch = cutter.add(document)
        if batch is not None:
            yield batch
    batch = cutter.end()
    if batch is not None:
        yield batch


async def cut_batches_async(documents: AsyncDocuments, cutter: BatchCutter) -> AsyncIterator[Batch]:
    """As `cut_batches`."""
    if not isinstance(documents, AsyncIterable):
        for batch in cut_batches(documents, cutter):
            yield batch
        return
    async for document in documents:
        full = cutter.add(document)
        if full is not None:
            yield full
    rest = cutter.end()
    if rest is not None:
        yield rest


def documents_in(documents: Documents) -> Iterable[DocumentLine]:
    if is_frame(documents):
        return rows_of(documents)
    if isinstance(documents, (str, bytes, Mapping)):
        raise InvalidCall(f"documents: a {type(documents).__name__} is none; give an iterable of dicts")
    return documents


def to_line(document: object, place: int) -> bytes:
    """One line of NDJSON."""
    if not isinstance(document, Mapping):
        raise InvalidCall(f"document {place} is a {type(document).__name__} and no dict")
    try:
        if "vector" in document:
            document = {**document, "vector": to_wire(document["vector"])}
        return encode(document) + b"\n"
    except InvalidCall as error:
        raise InvalidCall(f"document {place}: {error.detail}") from error


class ChunkJoiner:
    """Joins pieces of NDJSON to chunks, so that a line is no packet of its own."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._documents = 0

    def add(self, piece: object) -> bytes | None:
        """Takes a piece; gives a chunk where there is enough."""
        data = self._bytes_of(piece)
        self._pieces.append(data)
        self._bytes += len(data)
        return self.end() if self._bytes >= CHUNK_BYTES else None

    def end(self) -> bytes:
        """What is left."""
        chunk = b"".join(self._pieces)
        self._pieces = []
        self._bytes = 0
        return chunk

    def _bytes_of(self, piece: object) -> bytes:
        if isinstance(piece, (bytes, bytearray, memoryview)):
            return bytes(piece)
        if isinstance(piece, str):
            return piece.encode()
        self._documents += 1
        return to_line(piece, self._documents)


def join_chunks(pieces: Lines) -> Iterator[bytes]:
    joiner = ChunkJoiner()
    for piece in rows_of(pieces) if is_frame(pieces) else pieces:
        chunk = joiner.add(piece)
        if chunk is not None:
            yield chunk
    yield joiner.end()


async def join_chunks_async(pieces: AsyncLines) -> AsyncIterator[bytes]:
    if not isinstance(pieces, AsyncIterable):
        for chunk in join_chunks(pieces):
            yield chunk
        return
    joiner = ChunkJoiner()
    async for piece in pieces:
        full = joiner.add(piece)
        if full is not None:
            yield full
    yield joiner.end()


class PutAnswerReader:
    """Reads the answer to a put: lines of progress, then one of the result or the problem."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._rest = b""
        self._report: WriteReport | None = None

    def feed(self, chunk: bytes) -> None:
        """Raises the problem that ended the work."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > ANSWER_LINE_BYTES_MAX:
            raise NotReachable("the answer has a line that is too long to be hypershard's")
        for line in lines:
            self._read(line)

    def end(self) -> WriteReport:
        self._read(self._rest)
        if self._report is None:
            message = "the answer broke off before the result; documents may or may not be written, put them again"
            raise NotReachable(message)
        return self._report

    def _read(self, line: bytes) -> None:
        if line.strip() == b"":
            return
        try:
            message = json.loads(line)
            if "progress" in message and self._on_progress is not None:
                self._on_progress(WriteProgress.model_validate(message["progress"]))
            if "result" in message:
                self._report = WriteReport.model_validate(message["result"])
            problem = Problem.model_validate(message["problem"]) if "problem" in message else None
        except (ValueError, TypeError, ValidationError) as error:
            raise NotReachable(f"the answer has a line that is not hypershard's: {line[:80]!r}") from error
        if problem is not None:
            raise problem.to_error()


@dataclass(frozen=True)
class PutOptions:
    """What any put may be told."""

    wait_for: str | None
    idempotency_key: str | None
    on_progress: OnProgress | None
    timeout: float | None

    def of_batch(self, batch: Batch, number: int) -> PutOptions:
        """Batches wait for nothing but the last, as what came before it is searchable no later."""
        wait_for = self.wait_for if batch.last else None
        return PutOptions(wait_for, f"{self.idempotency_key}-{number}", self.on_progress, self.timeout)

    def with_key(self) -> PutOptions:
        return PutOptions(self.wait_for, self.idempotency_key or make_key(), self.on_progress, self.timeout)

    @property
    def parts(self) -> dict[str, Any]:
        """Of the request."""
        return {
            "query": {"progress": True, "wait_for": self.wait_for},
            "headers": {"content-type": "application/x-ndjson", "accept": "application/x-ndjson"},
            "idempotency_key": self.idempotency_key,
            "timeout": self.timeout,
        }


def report_of(batch: Batch, report: WriteReport) -> BatchReport:
    """With lines counted from the beginning of the source."""
    errors = [error.model_copy(update={"line": error.line + batch.first - 1}) for error in report.errors]
    return BatchReport(batch.first, batch.documents, report.model_copy(update={"errors": errors}))
