"""A raw row as the trainer sees it: through the Arrow schema of its whole file, restricted to the entry's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import projector
from validator.catalog.entry import Entry


class RowView:
    """Makes the dict that the trainer's converter receives. A declared column in no row of the file is absent."""

    def __init__(self, entry: Entry, types: Mapping[str, pa.DataType]) -> None:
        wanted = {name for name in entry.columns.values() if name is not None}
        self._columns: list[tuple[str, Callable[[Any], Any]]] = [
            (name, projector(types[name])) for name in sorted(wanted) if name in types
        ]

    def reads(self, column: str) -> bool:
        """Whether the converter looks at a column."""
        return any(name == column for name, _ in self._columns)

    def __call__(self, value: Any) -> dict[str, Any]:
        """Project one parsed row; a null row has every column null."""
        row = value if isinstance(value, dict) else {}
        return {name: project(row.get(name)) for name, project in self._columns}


class WholeRow(RowView):
    """Every column as it is written: what ms-swift receives, whose loader keeps values of mixed types."""

    def __init__(self, types: Mapping[str, pa.DataType]) -> None:
        self._names = tuple(types)

    def reads(self, column: str) -> bool:
        """Every column is looked at."""
        return column in self._names

    def __call__(self, value: Any) -> dict[str, Any]:
        """The row with null for each column that it lacks."""
        row = value if isinstance(value, dict) else {}
        return {**dict.fromkeys(self._names), **row}


def view_of(entry: Entry, types: Mapping[str, pa.DataType], *, whole: bool) -> RowView:
    """The view of a trainer: through the schema, or of whole rows."""
    return WholeRow(types) if whole else RowView(entry, types)
