"""How a call is made, and what its answer is: what the synchronous and the asynchronous client share."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from hypershard._deadline import deadline
from hypershard._errors import HypershardError, InvalidCall, NotReachable, Problem, TimedOut
from hypershard._limits import SEARCH_S_DEFAULT
from hypershard._retry import Attempts
from hypershard._vectors import expression_to_wire, to_base64, to_wire

Model = TypeVar("Model", bound=BaseModel)

SEARCH_SLACK_S = 5.0
"""What a search may take on top of the time that the coordinator gives itself."""


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    method: str
    path: str
    seconds_max: float
    """How long its answer may take when the caller does not say."""
    repeatable: bool = False
    """Whether it does the same when it is done twice."""
    timed_by_body: bool = False
    """Whether the request says how long it may take, as `timeout_ms`."""


@dataclass(frozen=True)
class Options:
    """What a client was told."""

    url: str
    api_key: str | None
    timeout: float | None
    attempts_max: int

    def __post_init__(self) -> None:
        if not is_http(self.url):
            raise InvalidCall(f"url: `{self.url}` is no URL like http://127.0.0.1:7700")
        check_header("api_key", self.api_key)
        if self.attempts_max < 1:
            raise InvalidCall("attempts_max: must be at least 1")
        check_timeout(self.timeout)


@dataclass(frozen=True)
class Call:
    """A request that is ready to be sent, and how long it may take with all its attempts."""

    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, str]
    content: bytes | None
    seconds_max: float
    repeatable: bool

    @property
    def request(self) -> dict[str, Any]:
        """As httpx takes it."""
        names = ("method", "url", "headers", "params", "content")
        return {name: getattr(self, name) for name in names}


def make_key() -> str:
    """An idempotency key that nobody else has."""
    return secrets.token_hex(16)


def is_http(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and parsed.host != ""


def check_header(name: str, value: str | None) -> None:
    if value is not None and not (value.isascii() and value.isprintable() and value.strip() == value != ""):
        raise InvalidCall(f"{name}: must be visible ASCII characters")


def check_timeout(timeout: float | None) -> None:
    if timeout is not None and not 0 < timeout < math.inf:
        raise InvalidCall(f"timeout: {timeout} is not more than 0 seconds")


def encode(value: object) -> bytes:
    """JSON in UTF-8, in which bytes are base64, and numbers and arrays of numpy are numbers and lists."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidCall(f"this cannot be written as JSON: {error}") from error


def _plain(value: Any) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return to_base64(value)
    if isinstance(value, Mapping):
        return dict(value)
    # Arrays and numbers of numpy; dates.
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def prepare(
    options: Options,
    operation: Operation,
    *,
    path: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    body: Mapping[str, Any] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    timeout: float | None = None,
) -> Call:
    check_timeout(timeout)
    place = operation.path
    for name, value in (path or {}).items():
        place = place.replace("{" + name + "}", _segment(str(value)))
    sent = {"accept": "application/json"}
    if options.api_key is not None:
        sent["authorization"] = f"Bearer {options.api_key}"
    if body is not None:
        sent["content-type"] = "application/json"
        # Words of Python have an underscore as arguments.
        content = encode(_with_vectors({name.removesuffix("_"): value for name, value in body.items()}))
    check_header("idempotency_key", idempotency_key)
    if idempotency_key is not None:
        sent["idempotency-key"] = idempotency_key
    return Call(
        method=operation.method,
        url=options.url.rstrip("/") + place,
        headers={**sent, **(headers or {})},
        params={name: _word(value) for name, value in (query or {}).items() if value is not None},
        content=content,
        seconds_max=timeout or options.timeout or _usual_seconds(operation, body),
        repeatable=operation.repeatable or idempotency_key is not None,
    )


def _segment(value: str) -> str:
    # A segment of dots alone would be taken for a way up.
    return value.replace(".", "%2E") if value.strip(".") == "" else quote(value, safe="")


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_vectors(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if "vector" in body:
        body = {**body, "vector": to_wire(body["vector"])}
    if "query" in body:
        body = {**body, "query": expression_to_wire(body["query"])}
    if "searches" in body:
        body = {**body, "searches": [_with_vectors(search) for search in body["searches"]]}
    return body


def _usual_seconds(operation: Operation, body: Mapping[str, Any] | None) -> float:
    if not operation.timed_by_body:
        return operation.seconds_max
    asked = (body or {}).get("timeout_ms")
    return (SEARCH_S_DEFAULT if asked is None else float(asked) / 1_000) + SEARCH_SLACK_S


def read_answer(response: httpx.Response, answer: type[Model]) -> Model:
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        message = f"answers, but not as this client knows it ({place}: {first['msg'].lower()})"
        raise NotReachable(f"{origin_of(response)} {message}; is it of an older version?") from error


def check_status(response: httpx.Response) -> None:
    """Raises what the answer says, where it is none of success. The answer has been read."""
    if not response.is_success:
        raise problem_in(response)


def problem_in(response: httpx.Response) -> HypershardError:
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        question = f"(status {response.status_code}); is the URL right?"
        return NotReachable(f"{origin_of(response)} answers, but not as hypershard does {question}")
    after = response.headers.get("retry-after")
    return problem.to_error(float(after) if after is not None and after.isdecimal() else None)


def origin_of(response: httpx.Response) -> str:
    return f"{response.url.scheme}://{response.url.netloc.decode()}"


def translate(error: Exception, options: Options) -> HypershardError:
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return TimedOut(f"{options.url} did not answer in time; ask for a longer timeout")
    return NotReachable(f"cannot reach {options.url}: {error or type(error).__name__}")


class SyncCaller:
    """Makes calls that wait for their answer."""

    _options: Options
    _http: httpx.Client

    def _call(self, answer: type[Model], operation: Operation, **parts: Any) -> Model:
        return read_answer(self._exchange(prepare(self._options, operation, **parts)), answer)

    def _call_for_nothing(self, operation: Operation, **parts: Any) -> None:
        self._exchange(prepare(self._options, operation, **parts))

    def _exchange(self, call: Call) -> httpx.Response:
        attempts = Attempts(self._options.attempts_max, call.repeatable, call.seconds_max)
        while True:
            try:
                return self._once(call, attempts.seconds_left())
            except HypershardError as error:
                time.sleep(attempts.pause_after(error))

    def _once(self, call: Call, seconds: float) -> httpx.Response:
        try:
            with deadline(seconds):
                response = self._http.request(**call.request, timeout=seconds)
        except httpx.TransportError as error:
            raise translate(error, self._options) from error
        check_status(response)
        return response


class AsyncCaller:
    """Makes calls that are awaited."""

    _options: Options
    _http: httpx.AsyncClient

    async def _call(self, answer: type[Model], operation: Operation, **parts: Any) -> Model:
        return read_answer(await self._exchange(prepare(self._options, operation, **parts)), answer)

    async def _call_for_nothing(self, operation: Operation, **parts: Any) -> None:
        await self._exchange(prepare(self._options, operation, **parts))

    async def _exchange(self, call: Call) -> httpx.Response:
        attempts = Attempts(self._options.attempts_max, call.repeatable, call.seconds_max)
        while True:
            try:
                return await self._once(call, attempts.seconds_left())
            except HypershardError as error:
                await anyio.sleep(attempts.pause_after(error))

    async def _once(self, call: Call, seconds: float) -> httpx.Response:
        try:
            with anyio.fail_after(seconds):
                response = await self._http.request(**call.request, timeout=None)
        except (httpx.TransportError, TimeoutError) as error:
            raise translate(error, self._options) from error
        check_status(response)
        return response
