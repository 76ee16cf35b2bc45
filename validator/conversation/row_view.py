"""A raw row as the trainer sees it: through the Arrow schema of its whole file, restricted to the entry's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import dates_within, projector, steps_of
from validator.catalog.entry import Entry
from validator.catalog.json_rows import ujson
from validator.catalog.survey import Survey

_PAIRS, _MESSAGES = ("prompt", "query", "response", "history"), ("messages",)
_TEXTS = ("system", "tools", "chosen", "rejected")
"""Columns of an entry that hold text: of instructions, of conversations, of both."""
_JSON = ("array", "lines", "values")
_WORDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_null)


class RowView:
    """Makes the dict that the trainer's converter receives. A declared column in no row of the file is absent."""

    csv = False

    def __init__(
        self,
        entry: Entry,
        types: Mapping[str, pa.DataType],
        converted: Sequence[str] = (),
        *,
        mixed: Sequence[str] = (),
        plain: bool = False,
    ) -> None:
        self._mixed = {path: steps_of(path) for path in mixed}
        kept = {steps[0] for steps in self._mixed.values()}
        self._converted = {path: steps_of(path) for path in converted}
        wanted = {name for name in entry.columns.values() if name is not None}
        self._columns: list[tuple[str, Callable[[Any], Any]]] = [
            (name, _as_it_is if plain or name in kept else projector(types[name]))
            for name in sorted(wanted)
            if name in types
        ]

    def reads(self, column: str) -> bool:
        """Whether the converter looks at a column."""
        return any(name == column for name, _ in self._columns)

    def __call__(self, value: Any) -> dict[str, Any]:
        """Project one parsed row; a null row has every column null."""
        row = value if isinstance(value, dict) else {}
        seen = {name: project(row.get(name)) for name, project in self._columns}
        for steps in self._mixed.values():
            seen = decoded(seen, steps)
        return seen

    def misread(self, value: Any) -> list[str]:
        """The paths of text that is JSON, where the loader reads it."""
        return [path for path, steps in self._mixed.items() if self.reads(steps[0]) and decoded(value, steps) != value]

    def converted(self, value: Any) -> list[str]:
        """The paths of text of which the loader makes dates or numbers."""
        return [path for path, steps in self._converted.items() if _stands(value, steps, self.csv)]


def decoded(value: Any, steps: Sequence[str]) -> Any:
    """A value with the text at the end of some steps read as JSON, where it is JSON."""
    if not steps:
        with suppress(ValueError):
            return ujson(value) if isinstance(value, str) else value
    elif isinstance(value, list) and steps[0] == "[]":
        return [decoded(item, steps[1:]) for item in value]
    elif isinstance(value, dict) and steps[0] in value:
        return {**value, steps[0]: decoded(value[steps[0]], steps[1:])}
    return value


def _stands(value: Any, steps: Sequence[str], csv: bool) -> bool:
    """Whether there was text at the end of some steps; in csv files all is text."""
    if not steps:
        return isinstance(value, str | datetime) or (csv and value is not None)
    if isinstance(value, list) and steps[0] == "[]":
        return any(_stands(item, steps[1:], csv) for item in value)
    return isinstance(value, dict) and _stands(value.get(steps[0]), steps[1:], csv)


def _as_it_is(value: Any) -> Any:
    return value


def view_of(entry: Entry, survey: Survey, *, plain: bool = False) -> RowView:
    """The view of a trainer that reads the columns of an entry: through the schema, or of JSON as it stands."""
    plain = plain and survey.layout in _JSON
    converted = [] if plain else converted_text(entry, survey)
    view = RowView(entry, survey.types, converted, mixed=survey.mixed, plain=plain)
    view.csv = survey.layout == "csv"
    return view


def converted_text(entry: Entry, survey: Survey, known: frozenset[str] = frozenset()) -> list[str]:
    """The paths of columns of text which a file does not say to be dates or numbers, and that the loader makes such:
    of JSON dates, of csv, where all is text, numbers too. `known`: columns that are read whatever the entry names.
    """
    columns = (*(_PAIRS if entry.formatting == "alpaca" else _MESSAGES), *_TEXTS)
    names = {entry.columns[name] for name in columns} | known
    types = {name: kind for name, kind in survey.types.items() if name in names}
    if survey.layout == "csv":
        return [name for name, kind in types.items() if not any(test(kind) for test in _WORDS)]
    if survey.layout not in _JSON:
        return []
    return [path for name, kind in types.items() for path in dates_within(kind, name)]
