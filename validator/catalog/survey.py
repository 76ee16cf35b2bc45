"""The loader's view of one data file: the schema its rows are seen through, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import xxhash

from validator.carried import carried
from validator.catalog.json_rows import Layout
from validator.catalog.schema import Schema
from validator.errors import ChangedDataError

MAX_REFUSALS = 1000
"""Refusals kept per file; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why the loader refuses the file. `row` is None where it concerns the file, not a row. `mixed`: values
    of one column have several types, which loaders since `datasets` 4.7 keep as JSON.
    """

    row: int | None
    column: str | None
    reason: str
    mixed: bool = False


@carried
@dataclass(frozen=True, slots=True)
class Mark:
    """Where a row begins: its number, its offset in bytes, and the digest of the bytes up to the next mark."""

    row: int
    offset: int
    digest: str


@carried
@dataclass(slots=True)
class Survey:
    """The loader's view of one file. `types` maps each column to its Arrow type.

    `fixed` is the schema that binds the files of the entry that are read later: that of the first table, None where
    there is none. `own` is set where the rows must be converted to it: the types that they have in the file.
    `tables` reads the rows of data that is no file. `mixed` are the paths (`images`, `messages[].content`) of values of
    several types, where the loader keeps such. `marks` are places from which a JSON file can be read on, the last
    of them its end; `digest` identifies the whole file. `checkpoint`: where it is taken up when the file grows.
    `partly`: bytes that decide about no row were not read, so that damage there is found only with the rows.
    """

    layout: Layout
    num_rows: int = 0
    types: dict[str, pa.DataType] = field(default_factory=dict)
    fixed: Schema | None = None
    own: pa.Schema | None = None
    tables: Callable[[], Iterator[pa.Table]] | None = None
    refusals: list[Refusal] = field(default_factory=list)
    num_refusals: int = 0
    marks: tuple[Mark, ...] = ()
    digest: str = ""
    mixed: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    partly: bool = False

    def refuse(self, row: int | None, column: str | None, reason: str, *, mixed: bool = False) -> None:
        """Note a refusal; beyond MAX_REFUSALS only its number is kept."""
        self.num_refusals += 1
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(Refusal(row, column, reason, mixed))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The survey of a file of lines up to an `offset`, at which it is taken up when lines were appended: what follows
    changes nothing before.

    `digest` is that of the bytes before, `known` the survey of them, with the marks up to there: each begins the first
    line behind `stretch` bytes. `broken`: the loader cannot read some piece of them.
    """

    offset: int
    digest: str
    known: Survey
    broken: bool
    stretch: int = 0


def copy_of(checkpoint: Checkpoint) -> Survey:
    """The survey at a checkpoint, to go on with."""
    known = checkpoint.known
    return replace(
        known, types=dict(known.types), refusals=list(known.refusals), marks=(), digest="", checkpoint=checkpoint
    )


class DamagedDataError(ChangedDataError):
    """A file cannot be read where its survey did not look: it is to be surveyed to its end."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A file that still begins with the bytes before a checkpoint; `digest` has taken these in."""

    checkpoint: Checkpoint
    digest: xxhash.xxh3_128
