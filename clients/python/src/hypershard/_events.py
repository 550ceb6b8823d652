"""Server-sent events of a build."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from hypershard._errors import NotReachable
from hypershard._generated import Generation

EVENT_BYTES_MAX = 1024 * 1024


class EventReader:
    """Reads a stream of server-sent events, each of which is a generation."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[Generation]:
        *events, self._rest = (self._rest + chunk.replace(b"\r\n", b"\n")).split(b"\n\n")
        if len(self._rest) > EVENT_BYTES_MAX:
            raise NotReachable("the answer has an event that is too long to be hypershard's")
        for event in events:
            lines = [line[len(b"data:") :].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
            if lines:
                yield _parse(b"\n".join(lines))


def _parse(data: bytes) -> Generation:
    try:
        return Generation.model_validate_json(data)
    except ValidationError as error:
        raise NotReachable(f"the answer has an event that is not hypershard's: {data[:80]!r}") from error
