"""Documents that come as a DataFrame of pandas or a Table of pyarrow: a row each, a column a key."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any

from hypershard._errors import InvalidCall

ROWS_AT_ONCE = 1_024


def is_frame(source: object) -> bool:
    """Whether it is one of pandas or pyarrow, without importing either."""
    module = type(source).__module__.partition(".")[0]
    return module in ("pandas", "pyarrow") and (
        hasattr(source, "iloc") or hasattr(source, "to_batches") or _is_reader(source)
    )


def rows_of(frame: Any) -> Iterator[dict[str, Any]]:
    """
    Its rows as documents, some at a time. What has no value (None, NaN, NaT, null) is left out of a document.

    Raises:
        InvalidCall: for a time without a zone, which may be any moment of a day
    """
    columns = _columns_of_pandas if hasattr(frame, "iloc") else _columns_of_arrow
    place = 0
    for names, values in columns(frame):
        for row in zip(*values, strict=True):
            place += 1
            yield {name: _clean(value, place, name) for name, value in zip(names, row, strict=True) if _is_value(value)}


def _columns_of_pandas(frame: Any) -> Iterator[tuple[list[str], list[Any]]]:
    names = [str(name) for name in frame.columns]
    for at in range(0, len(frame), ROWS_AT_ONCE):
        rows = frame.iloc[at : at + ROWS_AT_ONCE]
        yield names, [rows.iloc[:, column].tolist() for column in range(len(names))]


def _columns_of_arrow(table: Any) -> Iterator[tuple[list[str], list[Any]]]:
    if _is_reader(table):
        batches = table
    elif type(table).__name__ == "RecordBatch":
        batches = [table]
    else:
        batches = table.to_batches()
    for batch in batches:
        for at in range(0, batch.num_rows, ROWS_AT_ONCE):
            rows = batch.slice(at, ROWS_AT_ONCE)
            yield list(rows.schema.names), [_arrow_values(column) for column in rows.columns]


def _arrow_values(column: Any) -> list[Any]:
    """Vectors stay arrays of numpy: a list of its numbers would be twenty times as large."""
    import pyarrow

    kind = column.type
    lists = pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind)
    if not lists or not pyarrow.types.is_floating(kind.value_type):
        values: list[Any] = column.to_pylist()
        return values
    return [scalar.values.to_numpy(zero_copy_only=False) if scalar.is_valid else None for scalar in column]


def _is_reader(source: object) -> bool:
    return type(source).__name__ == "RecordBatchReader"


def _is_value(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return False
    return not (isinstance(value, float) and math.isnan(value))


def _clean(value: Any, place: int, name: str) -> Any:
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        message = f"document {place}, {name}: {value} has no zone; localize the column, to UTC say"
        raise InvalidCall(message)
    return value
