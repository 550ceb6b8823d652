"""What the client raises; `_problems.py` has a class of its own for every code that a coordinator answers with."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

# Problems begin with the place in the request that they are about: `body.searches.3.query: must not be blank`.
PLACE = re.compile(r"((?:body|query|params|headers?)(?:\.[^\s:]+)*): ")


class Problem(BaseModel):
    """RFC 9457, as every failing request is answered."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str
    status: int = 500
    title: str = ""
    type: str = "about:blank"
    retryable: bool = False
    """Whether the same request may succeed later."""
    request_id: str | None = None
    """What the logs of all processes call the request."""
    details: dict[str, Any] = {}
    """Facts for programs, by code."""

    def to_error(self, retry_after: float | None = None) -> ServerProblem:
        """
        The exception for its code.

        Args:
            retry_after: the header of that name; details tell it more exactly
        """
        from hypershard._problems import PROBLEMS

        exact = self.details.get("retry_after_ms")
        seconds = exact / 1_000 if isinstance(exact, (int, float)) else retry_after
        return PROBLEMS.get(self.code, ServerProblem)(self, seconds)


class HypershardError(Exception):
    """Any failure of a call."""

    code: str
    """One of docs/errors.md."""
    detail: str
    """What happened, where, and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

    @property
    def path(self) -> str | None:
        """The place in the request that the problem is about, such as `body.k`; None where it is about none."""
        found = PLACE.match(self.detail)
        return None if found is None else found[1]

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions travel between processes; what they are made of is not what they were called with.
        return _remake, (type(self), self.args, self.__dict__)


class ServerProblem(HypershardError):
    """What the coordinator answered instead of a result."""

    problem: Problem
    """Its document, whole."""
    retry_after: float | None
    """How many seconds it asks to wait before the next attempt."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem.code, problem.detail)
        self.problem = problem
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.problem.status


class NotReachable(HypershardError):
    """No answer came: nobody listens, the connection broke, or it is not hypershard that answers."""

    def __init__(self, detail: str) -> None:
        super().__init__("unavailable", detail)


class TimedOut(HypershardError, TimeoutError):
    """The client's own time for the call ran out. What was asked may have been done."""

    def __init__(self, detail: str) -> None:
        super().__init__("deadline_exceeded", detail)


class InvalidCall(HypershardError, ValueError):
    """The client cannot use what it was given; nothing was sent."""

    def __init__(self, detail: str) -> None:
        super().__init__("invalid_request", detail)


def _remake(kind: type[HypershardError], args: tuple[Any, ...], state: dict[str, Any]) -> HypershardError:
    made = kind.__new__(kind)
    made.args = args
    made.__dict__.update(state)
    return made
