"""How calls are made and made again, without a cluster."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

import hypershard
from hypershard import AsyncClient, Client, HypershardError, InvalidCall, NotReachable, ServerProblem, TimedOut
from hypershard._call import Operation, Options, prepare
from hypershard._retry import Attempts, seconds_before

HOME = {"name": "hypershard", "version": "1", "links": {}}


def problem(
    status: int, code: str, retryable: bool, details: dict | None = None, detail: str = "why"
) -> httpx.Response:
    body = {"code": code, "detail": detail, "status": status, "retryable": retryable, "details": details or {}}
    return httpx.Response(status, json=body)


class Script:
    """Answers with what comes next; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        # One that was read cannot be given again.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("hypershard._call.time.sleep", waited.append)
    monkeypatch.setattr("hypershard._call.anyio.sleep", sleep)
    return waited


def client_of(script: Script, **options: object) -> Client:
    return Client("http://test", transport=httpx.MockTransport(script), **options)


unavailable = problem(503, "unavailable", True)
overloaded = problem(429, "overloaded", True, {"retry_after_ms": 1_200})


@pytest.mark.parametrize(
    ("failure", "repeatable", "again"),
    [
        (unavailable, True, True),
        (unavailable, False, False),
        (overloaded, False, True),
        (problem(504, "deadline_exceeded", True), True, False),
        (problem(404, "index_not_found", False), True, False),
        (problem(500, "storage_failed", True), True, True),
        (httpx.ConnectError("refused"), True, True),
        (httpx.ConnectError("refused"), False, False),
        (httpx.ReadTimeout("late"), True, False),
    ],
)
def test_only_what_does_no_harm_is_made_again(
    failure: httpx.Response | Exception, repeatable: bool, again: bool, pauses: list[float]
) -> None:
    script = Script(failure, httpx.Response(200, json=HOME), httpx.Response(204))
    client = client_of(script)
    call: Callable[[], object] = client.home if repeatable else lambda: client.delete_index("a")
    if again:
        script.answers[1] = httpx.Response(200, json=HOME) if repeatable else httpx.Response(204)
        call()
        assert len(script.requests) == 2
    else:
        with pytest.raises(HypershardError):
            call()
        assert len(script.requests) == 1
    assert len(pauses) == len(script.requests) - 1


def test_it_waits_as_long_as_it_is_asked_and_a_little_by_chance(pauses: list[float]) -> None:
    client_of(Script(overloaded, httpx.Response(200, json=HOME))).home()
    assert 1.25 <= pauses[0] <= 1.3
    error = hypershard.Overloaded(hypershard.Problem(code="overloaded", detail="", status=429), 3.0)
    assert seconds_before(error, 1, lambda: 0.0) == pytest.approx(3.05)
    assert [seconds_before(NotReachable(""), attempt, lambda: 1.0) for attempt in (1, 2, 3, 20)] == [0.1, 0.2, 0.4, 10]


def test_the_header_is_read_where_no_detail_tells_it() -> None:
    refused = problem(429, "overloaded", True)
    refused.headers["retry-after"] = "7"
    with pytest.raises(hypershard.Overloaded) as raised:
        client_of(Script(refused), attempts_max=1).home()
    assert raised.value.retry_after == 7


def test_attempts_share_the_time_of_the_call() -> None:
    now = 0.0
    attempts = Attempts(10, True, 1.0, now=lambda: now, chance=lambda: 1.0)
    attempts.pause_after(NotReachable("first"))
    now = 0.95
    with pytest.raises(NotReachable, match="second"):
        attempts.pause_after(NotReachable("second"))


def test_attempts_come_to_an_end(pauses: list[float]) -> None:
    script = Script(*[problem(503, "unavailable", True, detail=str(at)) for at in range(4)])
    with pytest.raises(hypershard.Unavailable, match="3"):
        client_of(script).home()
    assert len(script.requests) == 4


@pytest.mark.anyio
async def test_async_calls_are_made_again_too(pauses: list[float]) -> None:
    script = Script(unavailable, overloaded, httpx.Response(200, json=HOME))
    client = AsyncClient("http://test", transport=httpx.MockTransport(script))
    assert (await client.home()).version == "1"
    assert len(pauses) == 2


def test_a_problem_is_an_exception_of_its_code() -> None:
    answer = problem(400, "invalid_request", False, detail="body.searches.3.query: must not be blank")
    with pytest.raises(hypershard.InvalidRequest) as raised:
        client_of(Script(answer)).search("a", query=" ")
    error = raised.value
    assert (error.code, error.path, error.status) == ("invalid_request", "body.searches.3.query", 400)
    assert error.detail == "body.searches.3.query: must not be blank"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.path, again.problem) == (type(error), error.path, error.problem)


def test_a_code_that_is_not_known_is_a_problem_all_the_same() -> None:
    with pytest.raises(ServerProblem) as raised:
        client_of(Script(problem(418, "teapot", False))).home()
    assert (type(raised.value), raised.value.code, raised.value.path) == (ServerProblem, "teapot", None)


@pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(200, text="[]")])
def test_what_is_not_hypershard_is_told_so(answer: httpx.Response, pauses: list[float]) -> None:
    with pytest.raises(NotReachable, match="but not as"):
        client_of(Script(answer), attempts_max=1).home()


def test_what_an_older_coordinator_lacks_is_named() -> None:
    with pytest.raises(NotReachable, match=r"version: field required\); is it of an older version"):
        client_of(Script(httpx.Response(200, json={"name": "hypershard", "links": {}})), attempts_max=1).home()


def test_members_of_a_newer_coordinator_are_kept() -> None:
    home = client_of(Script(httpx.Response(200, json={**HOME, "newer": [1]}))).home()
    assert home.newer == [1]


def test_an_argument_that_is_a_word_of_python_is_sent_as_that() -> None:
    operation = Operation("POST", "/v1/a", seconds_max=1)
    call = prepare(Options("http://test", None, None, 1), operation, body={"with_": ["text"], "a": {"b_": 1}})
    assert call.content == b'{"with":["text"],"a":{"b_":1}}'


def test_a_call_is_sent_as_the_api_has_it() -> None:
    script = Script(problem(404, "index_not_found", False))
    with pytest.raises(hypershard.IndexNotFound):
        client_of(script, api_key="hs_a_b").get_document("a/b", "c d", vector=True)
    request = script.requests[0]
    assert request.url.raw_path == b"/v1/indexes/a%2Fb/documents/c%20d?vector=true"
    assert request.headers["authorization"] == "Bearer hs_a_b"


@pytest.mark.parametrize(("id", "sent"), [("..", b"%2E%2E"), (".", b"%2E"), ("...", b"%2E%2E%2E"), ("a.b", b"a.b")])
def test_an_id_of_dots_is_no_way_up(id: str, sent: bytes) -> None:
    script = Script(problem(404, "document_not_found", False))
    with pytest.raises(hypershard.DocumentNotFound):
        client_of(script).get_document("a", id)
    assert script.requests[0].url.raw_path == b"/v1/indexes/a/documents/" + sent


@pytest.mark.parametrize(
    "make",
    [
        lambda: Client("ftp://a"),
        lambda: Client("127.0.0.1:7700"),
        lambda: Client("http://a:b"),
        lambda: Client(api_key="hs_a\nx: y"),
        lambda: Client().delete_documents("a", ids=["b"], idempotency_key="clé"),
        lambda: Client(timeout=0),
        lambda: Client(attempts_max=0),
        lambda: Client("http://a", ca="ca.pem"),
        lambda: Client("https://a", ca="/no/such/file"),
        lambda: AsyncClient("https://a", cert=("/no/such/file", "/nor/this")),
        lambda: Client().search("a", query="b", recall=float("nan")),
        lambda: Client().search("a", query="half \ud800"),
        lambda: Client().search("a", filter={"field": "year", "equals": object()}, query="b"),
        lambda: Client().put_all("a", "text"),  # type: ignore[arg-type]
        lambda: Client().put_all("a", ["text"]),  # type: ignore[list-item]
        lambda: Client().put_all("a", [], batch_bytes_max=0),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sent(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidCall):
        make()


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """A server that sends a byte now and then, and never the end."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(first)
                # Not for ever: a client without a deadline sees it break off.
                for _ in range(300):
                    if over.wait(0.01):
                        return
                    connection.sendall(b"a")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


DRIPS = [b"HTTP/1.1 200 OK\r\nx-a: ", b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"]


@pytest.mark.parametrize("first", DRIPS)
def test_one_deadline_holds_for_a_call_that_drips(first: bytes) -> None:
    with dripping(first) as url, Client(url, timeout=0.15) as client, pytest.raises(TimedOut) as raised:
        client.home()
    assert raised.value.code == "deadline_exceeded"


@pytest.mark.anyio
@pytest.mark.parametrize("first", DRIPS)
async def test_one_deadline_holds_for_an_async_call_that_drips(first: bytes) -> None:
    with dripping(first) as url:
        async with AsyncClient(url, timeout=0.15) as client:
            with pytest.raises(TimedOut):
                await client.home()


def test_nobody_listens(pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(NotReachable, match="cannot reach"):
        client.home()
    assert len(pauses) == 3
