"""The columns of some rows, and of what kind their values are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from validator.catalog.recognise.sampling import SampledRow
from validator.catalog.schema import StoredImage
from validator.findings import clip

MOSTLY = 0.9
"""The share of values that decides what a column is."""
LONGEST_NAME = 200
"""Characters; what is longer is not looked at, and stands in no sentence."""
SHOWN = 8
"""Columns that a sentence names."""


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """What a column holds that is neither null nor empty."""

    name: str
    values: tuple[Any, ...]

    def holds(self, test: Callable[[Any], bool]) -> bool:
        """Whether nearly all of its values are such; a column without values holds nothing."""
        return bool(self.values) and sum(map(test, self.values)) >= MOSTLY * len(self.values)

    @property
    def may_be_text(self) -> bool:
        """Whether its values are text, or it has none yet."""
        return not self.values or self.holds(is_text)


Columns = dict[str, ColumnValues]


def columns_of(rows: Sequence[SampledRow]) -> Columns:
    """The columns of rows in the order of their appearance."""
    found: dict[str, list[Any]] = {}
    for _, row in rows:
        for name, value in row.items():
            if len(name) > LONGEST_NAME:
                continue
            values = found.setdefault(name, [])
            if value is not None and value != "" and value != [] and value != {}:
                values.append(value)
    return {name: ColumnValues(name, tuple(values)) for name, values in found.items()}


def is_text(value: Any) -> bool:
    """Whether a value is text."""
    return isinstance(value, str)


def named(columns: Columns, names: Iterable[str]) -> list[ColumnValues]:
    """The columns of these names, in this order; case does not count."""
    lower = {name.lower(): column for name, column in columns.items()}
    return [lower[name] for name in names if name in lower]


def quoted(names: Iterable[str]) -> str:
    """Names for a sentence: `a`, `b` and 3 more."""
    every = list(names)
    shown = ", ".join(f"`{clip(name, 40)}`" for name in every[:SHOWN])
    return shown + (f" and {len(every) - SHOWN:,} more" if len(every) > SHOWN else "")


def described(columns: Columns) -> str:
    """What the columns are, for a sentence: `id` (numbers), `text` (text)."""
    shown = [f"`{clip(column.name, 40)}` ({_kind(column)})" for column in list(columns.values())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(columns) - SHOWN:,} more" if len(columns) > SHOWN else "")


_KINDS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("text", str),
    ("true or false", bool),
    ("numbers", (int, float)),
    ("lists", list),
    ("objects", dict),
    ("files", (bytes, StoredImage)),
)


def _kind(column: ColumnValues) -> str:
    if not column.values:
        return "empty"
    for words, kind in _KINDS:
        if all(isinstance(value, kind) for value in column.values):
            return words
    return "values of several kinds"
