"""JSONL with the file and line of every mistake."""

import json
from collections.abc import Iterator
from pathlib import Path

from hypershard_training.train.training_error import TrainingError

LINE_BYTES_MAX = 1_000_000


def read_jsonl(path: Path) -> Iterator[tuple[int, dict]]:
    """Every line's number, from 1, and its object. Empty, overlong or malformed lines are errors, not skipped."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(LINE_BYTES_MAX + 1), b""), start=1):
                yield number, _parse(path, number, line)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}; check the path in the configuration") from error


def text_member(path: Path, number: int, line: dict, name: str, *, optional: bool = False) -> str:
    """The string ``name`` of a line; an optional one may be missing or empty."""
    value = line.get(name, "" if optional else None)
    if not isinstance(value, str) or (not optional and not value.strip()):
        raise TrainingError(f"{path}:{number}: {name!r} must be a string with text, not {_shown(value)}")
    return value


def texts_member(path: Path, number: int, line: dict, name: str, *, optional: bool = False) -> list[str]:
    """The string, or list of strings, ``name`` of a line, as a list."""
    value = line.get(name, [] if optional else None)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or (not values and not optional):
        raise TrainingError(f"{path}:{number}: {name!r} must be a string or a list of strings, not {_shown(value)}")
    for text in values:
        if not isinstance(text, str) or not text.strip():
            raise TrainingError(f"{path}:{number}: {name!r} has {_shown(text)} where a string with text is expected")
    return values


def _parse(path: Path, number: int, line: bytes) -> dict:
    if len(line) > LINE_BYTES_MAX:
        raise TrainingError(f"{path}:{number}: the line is over {LINE_BYTES_MAX:,} bytes; split the text into passages")
    if not line.strip():
        raise TrainingError(f"{path}:{number}: the line is empty; remove it")
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{path}:{number}: not JSON: {error}; every line must be one JSON object") from error
    if not isinstance(value, dict):
        raise TrainingError(f"{path}:{number}: a JSON object is expected, not {_shown(value)}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
