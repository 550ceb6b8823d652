"""The client whose methods wait for their answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Literal

import httpx
from typing_extensions import Self

from hypershard._call import Call, Options, check_status, prepare, translate
from hypershard._connect import CONNECTIONS_MAX_DEFAULT, make_context, usual_headers
from hypershard._deadline import DeadlineTransport
from hypershard._documents import (
    BATCH_BYTES_DEFAULT,
    BATCH_DOCUMENTS_DEFAULT,
    BatchCutter,
    BatchReport,
    Documents,
    Lines,
    OnProgress,
    PutAnswerReader,
    PutOptions,
    PutSum,
    cut_batches,
    join_chunks,
    report_of,
)
from hypershard._errors import HypershardError, NotReachable, ServerProblem
from hypershard._events import EventReader
from hypershard._generated import (
    OPERATIONS,
    Generation,
    SyncOperations,
    WriteReport,
)
from hypershard._retry import ATTEMPTS_DEFAULT, BACKOFF_S_FIRST, Attempts

WaitFor = Literal["durable", "searchable"]


class Client(SyncOperations):
    """
    The API of a coordinator, for threads. It may be used by several at a time, and keeps connections open until it is
    closed.

    Example:
        with Client("http://127.0.0.1:7700") as client:
            for hit in client.search_all("sample", query="why does bread rise"):
                print(hit.id, hit.score)
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:7700",
        *,
        api_key: str | None = None,
        timeout: float | None = None,
        attempts_max: int = ATTEMPTS_DEFAULT,
        ca: str | None = None,
        cert: tuple[str, str] | str | None = None,
        connections_max: int = CONNECTIONS_MAX_DEFAULT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """
        Args:
            url: where a coordinator answers
            api_key: `hs_…`, where the coordinator asks for one
            timeout: seconds for a call with all its attempts, of a put: without a sign of life; by the kind of call
                when left out
            attempts_max: how often a call is made that fails in a way that may pass; 1 for no second attempt
            ca: a file of certificates in PEM that are trusted instead of the system's
            cert: a file with the client's certificate and key in PEM, or a file of each
            connections_max: how many are open at most; further calls wait for one inside their time
            transport: of httpx, for tests; it has to keep to the time of a call itself
        """
        self._options = Options(url, api_key, timeout, attempts_max)
        own = transport or DeadlineTransport(make_context(url, ca, cert), connections_max)
        self._http = httpx.Client(transport=own, headers=usual_headers(), trust_env=False)

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def put_batches(
        self,
        index: str,
        documents: Documents,
        *,
        wait_for: WaitFor | None = None,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
        batch_bytes_max: int = BATCH_BYTES_DEFAULT,
        batch_documents_max: int = BATCH_DOCUMENTS_DEFAULT,
        timeout: float | None = None,
    ) -> Iterator[BatchReport]:
        """
        Puts documents batch by batch, and tells of each what became of it. The source is read only as batches are
        written. A batch that may have been lost is sent again and written once.

        Args:
            documents: an iterable of dicts, a DataFrame of pandas or a Table of pyarrow
            wait_for: when the last batch is answered: once it is durable, or once searches find all of them
            idempotency_key: with the same key, documents and limits a whole load can be repeated
            on_progress: is called about once a second of a batch
            timeout: seconds that a batch may go without a sign of life
        """
        options = PutOptions(wait_for, idempotency_key, on_progress, timeout).with_key()
        for number, batch in enumerate(cut_batches(documents, BatchCutter(batch_bytes_max, batch_documents_max)), 1):
            own = options.of_batch(batch, number)
            call = self._prepare_put(index, own, batch.content)
            yield report_of(batch, self._put_again(call, own))

    def put_all(
        self,
        index: str,
        documents: Documents,
        *,
        wait_for: WaitFor | None = None,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
        batch_bytes_max: int = BATCH_BYTES_DEFAULT,
        batch_documents_max: int = BATCH_DOCUMENTS_DEFAULT,
        timeout: float | None = None,
    ) -> PutSum:
        """`put_batches`, to the end. Look at `failed`: a bad document keeps no other from being written."""
        total = PutSum()
        for batch in self.put_batches(
            index,
            documents,
            wait_for=wait_for,
            idempotency_key=idempotency_key,
            on_progress=on_progress,
            batch_bytes_max=batch_bytes_max,
            batch_documents_max=batch_documents_max,
            timeout=timeout,
        ):
            total.add(batch.report)
        return total

    def put_documents(
        self,
        index: str,
        lines: Lines,
        *,
        wait_for: WaitFor | None = None,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,
    ) -> WriteReport:
        """
        Puts documents as one write, all good lines or none. They are sent as they are read, and so once; an index that
        does not exist is found out before that. What reading them raises is raised, and nothing was written then.

        Args:
            lines: NDJSON in pieces, as a file that was opened in binary has it, or dicts
            timeout: seconds without a sign of life
        """
        self._look_at(index)
        options = PutOptions(wait_for, idempotency_key, on_progress, timeout)
        call = self._prepare_put(index, options, None)
        return self._put_once(call, options, join_chunks(lines))

    def watch_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Iterator[Generation]:
        """The generation about once a second, until its build has caught up or ended; `timeout` bounds the silence."""
        path = {"index": index, "generation": generation}
        call = prepare(self._options, OPERATIONS["watchGeneration"], path=path, timeout=timeout)
        while True:
            heard = False
            try:
                for state in self._events(call):
                    heard = True
                    yield state
                    if state.phase != "building" or state.progress.caught_up:
                        return
            except NotReachable:
                if not heard:
                    raise
            if not heard:
                raise NotReachable("the events ended before the first one")
            time.sleep(BACKOFF_S_FIRST)

    def _events(self, call: Call) -> Iterator[Generation]:
        reader = EventReader()
        try:
            with self._http.stream(**call.request, timeout=call.seconds_max) as response:
                if not response.is_success:
                    response.read()
                check_status(response)
                for chunk in response.iter_bytes():
                    yield from reader.feed(chunk)
        except httpx.TransportError as error:
            raise translate(error, self._options) from error

    def _look_at(self, index: str) -> None:
        try:
            self.get_index(index)
        except ServerProblem as error:
            # A key that may write need not be one that may look at the index.
            if error.code != "forbidden":
                raise

    def _prepare_put(self, index: str, options: PutOptions, content: bytes | None) -> Call:
        operation = OPERATIONS["putDocuments"]
        return prepare(self._options, operation, path={"index": index}, content=content, **options.parts)

    def _put_again(self, call: Call, options: PutOptions) -> WriteReport:
        attempts = Attempts(self._options.attempts_max, call.repeatable, float("inf"))
        while True:
            try:
                return self._put_once(call, options, call.content)
            except HypershardError as error:
                time.sleep(attempts.pause_after(error))

    def _put_once(self, call: Call, options: PutOptions, content: bytes | Iterator[bytes] | None) -> WriteReport:
        reader = PutAnswerReader(options.on_progress)
        try:
            with self._http.stream(**{**call.request, "content": content}, timeout=call.seconds_max) as response:
                if not response.is_success:
                    response.read()
                check_status(response)
                for chunk in response.iter_bytes():
                    reader.feed(chunk)
        except httpx.TransportError as error:
            raise translate(error, self._options) from error
        return reader.end()
