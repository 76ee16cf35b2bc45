"""The loader's view of one data file: the schema its rows are seen through, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from validator.catalog.json_rows import Layout
from validator.catalog.schema import Schema

MAX_REFUSALS = 1000
"""Refusals kept per file; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why the loader refuses the file. `row` is None where it concerns the file, not a row."""

    row: int | None
    column: str | None
    reason: str


@dataclass(slots=True)
class Survey:
    """The loader's view of one file. `types` maps each column to its Arrow type.

    `fixed` is the schema that binds the files of the entry that are read later: that of the first table, None where
    there is none. `own` is set where the rows must be converted to it: the types that they have in the file.
    `tables` reads the rows of data that is no file. `version` tells whether a file is still the one that was surveyed.
    """

    layout: Layout
    num_rows: int = 0
    types: dict[str, pa.DataType] = field(default_factory=dict)
    fixed: Schema | None = None
    own: pa.Schema | None = None
    tables: Callable[[], Iterator[pa.Table]] | None = None
    version: tuple[int, ...] | None = None
    refusals: list[Refusal] = field(default_factory=list)
    num_refusals: int = 0

    def refuse(self, row: int | None, column: str | None, reason: str) -> None:
        """Note a refusal; beyond MAX_REFUSALS only its number is kept."""
        self.num_refusals += 1
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(Refusal(row, column, reason))
