"""The client whose methods are awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import Literal

import anyio
import httpx
from typing_extensions import Self

from hypershard._call import Call, Options, check_status, prepare, translate
from hypershard._connect import CONNECTIONS_MAX_DEFAULT, make_context, usual_headers
from hypershard._documents import (
    BATCH_BYTES_DEFAULT,
    BATCH_DOCUMENTS_DEFAULT,
    AsyncDocuments,
    AsyncLines,
    BatchCutter,
    BatchReport,
    OnProgress,
    PutAnswerReader,
    PutOptions,
    PutSum,
    cut_batches_async,
    join_chunks_async,
    report_of,
)
from hypershard._errors import HypershardError, NotReachable, ServerProblem
from hypershard._events import EventReader
from hypershard._generated import (
    OPERATIONS,
    AsyncOperations,
    Generation,
    WriteReport,
)
from hypershard._retry import ATTEMPTS_DEFAULT, BACKOFF_S_FIRST, Attempts

WaitFor = Literal["durable", "searchable"]


class AsyncClient(AsyncOperations):
    """
    The API of a coordinator, for asyncio and trio. It keeps connections open until it is closed.

    Example:
        async with AsyncClient("http://127.0.0.1:7700") as client:
            async for hit in client.search_all("sample", query="why does bread rise"):
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """As `Client` has it."""
        self._options = Options(url, api_key, timeout, attempts_max)
        context = make_context(url, ca, cert)
        self._http = httpx.AsyncClient(
            transport=transport,
            verify=True if context is None else context,
            limits=httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max),
            headers=usual_headers(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def put_batches(
        self,
        index: str,
        documents: AsyncDocuments,
        *,
        wait_for: WaitFor | None = None,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
        batch_bytes_max: int = BATCH_BYTES_DEFAULT,
        batch_documents_max: int = BATCH_DOCUMENTS_DEFAULT,
        timeout: float | None = None,
    ) -> AsyncIterator[BatchReport]:
        """
        Puts documents batch by batch, and tells of each what became of it. The source is read only as batches are
        written. A batch that may have been lost is sent again and written once.

        Args:
            documents: an iterable or asynchronous iterable of dicts, a DataFrame of pandas or a Table of pyarrow
            wait_for: when the last batch is answered: once it is durable, or once searches find all of them
            idempotency_key: with the same key, documents and limits a whole load can be repeated
            on_progress: is called about once a second of a batch
            timeout: seconds that a batch may go without a sign of life
        """
        options = PutOptions(wait_for, idempotency_key, on_progress, timeout).with_key()
        number = 0
        async for batch in cut_batches_async(documents, BatchCutter(batch_bytes_max, batch_documents_max)):
            number += 1
            own = options.of_batch(batch, number)
            call = self._prepare_put(index, own, batch.content)
            yield report_of(batch, await self._put_again(call, own))

    async def put_all(
        self,
        index: str,
        documents: AsyncDocuments,
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
        async for batch in self.put_batches(
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

    async def put_documents(
        self,
        index: str,
        lines: AsyncLines,
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
            lines: as `Client` takes them, or an asynchronous iterable of these
            timeout: seconds without a sign of life
        """
        await self._look_at(index)
        options = PutOptions(wait_for, idempotency_key, on_progress, timeout)
        call = self._prepare_put(index, options, None)
        return await self._put_once(call, options, join_chunks_async(lines))

    async def watch_generation(
        self, index: str, generation: int, *, timeout: float | None = None
    ) -> AsyncIterator[Generation]:
        """The generation about once a second, until its build has caught up or ended; `timeout` bounds the silence."""
        path = {"index": index, "generation": generation}
        call = prepare(self._options, OPERATIONS["watchGeneration"], path=path, timeout=timeout)
        while True:
            heard = False
            try:
                async with aclosing(self._events(call)) as states:
                    async for state in states:
                        heard = True
                        yield state
                        if state.phase != "building" or state.progress.caught_up:
                            return
            except NotReachable:
                if not heard:
                    raise
            if not heard:
                raise NotReachable("the events ended before the first one")
            await anyio.sleep(BACKOFF_S_FIRST)

    async def _events(self, call: Call) -> AsyncGenerator[Generation, None]:
        reader = EventReader()
        try:
            async with self._http.stream(**call.request, timeout=call.seconds_max) as response:
                if not response.is_success:
                    await response.aread()
                check_status(response)
                async for chunk in response.aiter_bytes():
                    for state in reader.feed(chunk):
                        yield state
        except httpx.TransportError as error:
            raise translate(error, self._options) from error

    async def _look_at(self, index: str) -> None:
        try:
            await self.get_index(index)
        except ServerProblem as error:
            # A key that may write need not be one that may look at the index.
            if error.code != "forbidden":
                raise

    def _prepare_put(self, index: str, options: PutOptions, content: bytes | None) -> Call:
        operation = OPERATIONS["putDocuments"]
        return prepare(self._options, operation, path={"index": index}, content=content, **options.parts)

    async def _put_again(self, call: Call, options: PutOptions) -> WriteReport:
        attempts = Attempts(self._options.attempts_max, call.repeatable, float("inf"))
        while True:
            try:
                return await self._put_once(call, options, call.content)
            except HypershardError as error:
                await anyio.sleep(attempts.pause_after(error))

    async def _put_once(
        self, call: Call, options: PutOptions, content: bytes | AsyncIterator[bytes] | None
    ) -> WriteReport:
        reader = PutAnswerReader(options.on_progress)
        try:
            async with self._http.stream(**{**call.request, "content": content}, timeout=call.seconds_max) as response:
                if not response.is_success:
                    await response.aread()
                check_status(response)
                async for chunk in response.aiter_bytes():
                    reader.feed(chunk)
        except httpx.TransportError as error:
            raise translate(error, self._options) from error
        return reader.end()
