"""Columns of a JSON array in which pandas, which reads it for the loader, looks for dates because of their names.

Source: pandas 3.1 `io/json/_json.py`, `_should_convert_dates` and `_try_convert_to_date`; its own reader is asked.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import types as t


def is_date_column(name: str) -> bool:
    """Whether pandas looks for dates in a column of this name."""
    name = name.lower()
    return name.endswith(("_at", "_time")) or name in ("modified", "date", "datetime") or name.startswith("timestamp")


class DateColumns:
    """Collects the values of such columns: whether they are dates is decided over the whole column at once.

    `odd`: row, column and reason where values have several types, which is a fault unless all become dates.
    """

    def __init__(self) -> None:
        self.odd: list[tuple[int, str, str]] = []
        self._values: dict[str, list[Any]] = {}
        self._rows = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take the values of the next row."""
        for name in filter(is_date_column, row):
            values = self._values.setdefault(name, [])
            values += [None] * (self._rows - len(values))
            values.append(row[name])
        self._rows += 1

    def types(self) -> dict[str, pa.DataType]:
        """The types of those columns that become dates."""
        kinds = {
            name: _kind(name, values + [None] * (self._rows - len(values))) for name, values in self._values.items()
        }
        return {name: kind for name, kind in kinds.items() if t.is_temporal(kind)}


def _kind(name: str, values: list[Any]) -> pa.DataType:
    import pandas

    rows = [{} if value is None else {name: value} for value in values]
    try:
        frame = pandas.read_json(StringIO(orjson.dumps(rows).decode()), dtype_backend="pyarrow")
        return pa.Table.from_pandas(frame, preserve_index=False).schema.field(name).type
    except (ValueError, TypeError, OverflowError, KeyError, pa.ArrowException):
        return pa.null()  # it is refused, or no date
