"""When a call that failed is made again: the same rules as the TypeScript client's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from hypershard._errors import HypershardError, NotReachable, ServerProblem

ATTEMPTS_DEFAULT = 4
BACKOFF_S_FIRST = 0.1
BACKOFF_S_MAX = 10.0


def may_try_again(error: HypershardError, repeatable: bool) -> bool:
    """
    A 429 means that nothing was begun, so that any call may be made again. Of other failures nobody knows what was
    done, so that only a call that may be done twice is.
    """
    if isinstance(error, NotReachable):
        return repeatable
    if not isinstance(error, ServerProblem):
        return False
    if error.status == 429:
        return True
    # Where the time is used up, what is left of the caller's is too short for the same.
    return repeatable and error.problem.retryable and error.code != "deadline_exceeded"


def seconds_before(error: HypershardError, attempt: int, chance: Callable[[], float]) -> float:
    """
    How long to wait after the attempt of this number; the first is 1. Whoever was told the same time does not come back
    at the same time.
    """
    backoff = min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2.0 ** (attempt - 1))
    asked = error.retry_after if isinstance(error, ServerProblem) else None
    return (asked or 0.0) + backoff * (0.5 + chance() / 2)


class Attempts:
    """The attempts at one call, which share its time."""

    def __init__(
        self,
        attempts_max: int,
        repeatable: bool,
        seconds_max: float,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._attempts_max = attempts_max
        self._repeatable = repeatable
        self._now = now
        self._chance = chance
        self._until = now() + seconds_max
        self._failed = 0

    def seconds_left(self) -> float:
        return max(0.0, self._until - self._now())

    def pause_after(self, error: HypershardError) -> float:
        """How long to wait before the next attempt; raises the error itself where there is none."""
        self._failed += 1
        if self._failed >= self._attempts_max or not may_try_again(error, self._repeatable):
            raise error
        seconds = seconds_before(error, self._failed, self._chance)
        # What happened says more than that the time is over.
        if seconds >= self.seconds_left():
            raise error
        return seconds
