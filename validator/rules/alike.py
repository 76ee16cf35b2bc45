"""Rows that are alike: a bounded, mergeable aggregate of hashes.

Kept are the groups with the smallest keys. Keys are hashes, so these are a fair sample of all groups; and because a
key among the smallest of all is among the smallest of every part, what is counted of them is exact, however rows are
cut into parts. Up to KEPT groups, nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from validator.facts.record import RowFacts

KEPT = 1 << 17
"""Groups kept of an entry: 216 bytes each and so 28 MB, for any number of rows."""
ALL = (1 << 64) - 1


@dataclass(slots=True)
class Group:
    """Rows of one key: how many, the first as (file, row) with its mark, and the first later one with another mark
    (without marks: the second).
    """

    rows: int
    file: str
    row: int
    mark: int | None = None
    other: tuple[str, int] | None = None

    def merge(self, later: Group) -> None:
        """Add the rows of a later part."""
        self.rows += later.rows
        if self.other is None:
            differs = later.mark is None or later.mark != self.mark
            self.other = (later.file, later.row) if differs else later.other

    def __str__(self) -> str:
        assert self.other is not None
        file, row = self.other
        return f"row {row} and row {self.row}" + (f" of {file} and {self.file}" if file != self.file else f" of {file}")


def _to_columns(groups: dict[int, Group]) -> list[list[Any]]:
    some = groups.values()
    return [
        [*groups],
        [group.rows for group in some],
        [group.file for group in some],
        [group.row for group in some],
        [group.mark for group in some],
        [group.other for group in some],
    ]


def _from_columns(columns: Any) -> dict[int, Group]:
    return {
        key: Group(rows, file, row, mark, other and (other[0], other[1]))
        for key, rows, file, row, mark, other in zip(*columns, strict=True)
    }


@dataclass(slots=True)
class Groups:
    """Groups by key."""

    groups: Annotated[dict[int, Group], PlainSerializer(_to_columns), PlainValidator(_from_columns)] = field(
        default_factory=dict
    )
    bound: int = ALL

    def add(self, key: int, facts: RowFacts, mark: int | None = None) -> None:
        """Add a row; rows come in order."""
        self.add_all([key], facts.file, [facts.row], [mark])

    def add_all(self, keys: Iterable[int], file: str, rows: Iterable[int], marks: Iterable[int | None]) -> None:
        """Add rows of a file; they come in order."""
        for key, row, mark in zip(keys, rows, marks, strict=False):  # marks may be without end
            if key >= self.bound:
                continue
            group = self.groups.get(key)
            if group is None:
                self.groups[key] = Group(1, file, row, mark)
                if len(self.groups) >= 2 * KEPT:
                    self.trim()
                continue
            group.rows += 1
            if group.other is None and (mark is None or mark != group.mark):
                group.other = (file, row)

    def merge(self, later: Groups) -> Groups:
        """Add the rows of a later part."""
        self.bound = min(self.bound, later.bound)
        for key, group in later.groups.items():
            if key < self.bound:
                mine = self.groups.get(key)
                if mine is None:
                    self.groups[key] = group
                else:
                    mine.merge(group)
        if len(self.groups) >= 2 * KEPT:
            self.trim()
        return self

    def trim(self) -> None:
        """Keep the smallest keys."""
        if self.bound < ALL or len(self.groups) > KEPT:
            kept = sorted(key for key in self.groups if key < self.bound)[: KEPT + 1]
            if len(kept) > KEPT:
                self.bound = kept.pop()
            self.groups = {key: self.groups[key] for key in kept}

    @property
    def sampled(self) -> bool:
        """Whether groups were left out. Only certain after `trim`."""
        return self.bound < ALL

    def alike(self) -> list[Group]:
        """Groups with a second row (of another mark), in the order of file and row."""
        self.trim()
        return sorted(
            (group for group in self.groups.values() if group.other), key=lambda group: (group.file, group.row)
        )

    def examples(self, most: int = 20) -> list[list[str | int]]:
        """The first pairs of rows that are alike, as [file, row, file, row]."""
        return [[group.file, group.row, *group.other] for group in self.alike()[:most] if group.other]

    @property
    def where(self) -> str:
        """What a count is of, where it is not of all rows."""
        return f" (in a sample of {KEPT:,} kinds of rows)" if self.sampled else ""
