"""Rows that are alike: a bounded, mergeable aggregate of hashes.

Kept are the groups with the smallest keys. Keys are hashes, so these are a fair sample of all groups; and because a
key among the smallest of all is among the smallest of every part, what is counted of them is exact, however rows are
cut into parts. Up to KEPT groups, nothing is left out.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import core_schema

from validator.facts.record import RowFacts

KEPT = 1 << 17
"""Groups kept of an entry: 48 bytes each, with as many rows that wait to be grouped, for any number of rows."""
ALL = (1 << 64) - 1
_TOGETHER = 1 << 12
"""Single rows that become a table together."""
_FEW = 32
"""Single rows that are sorted faster without numpy: data sets of a few rows may be many."""
_GROUP = np.dtype(
    [
        ("key", "<u8"),
        ("rows", "<i8"),
        ("row", "<i8"),
        ("mark", "<u8"),
        ("other_row", "<i8"),
        ("file", "<i4"),
        ("other_file", "<i4"),
    ]
)
"""As `HashGroup`; files by their place in a list, and -1 where there is no other row."""


@dataclass(frozen=True, slots=True)
class HashGroup:
    """Rows of one key: how many, the first as (file, row), and the first later one with another mark (without marks:
    the second).
    """

    rows: int
    file: str
    row: int
    other: tuple[str, int] | None = None

    def __str__(self) -> str:
        assert self.other is not None
        file, row = self.other
        if file == self.file:
            return f"rows {self.row} and {row} of {file}"
        return f"row {self.row} of {self.file} and row {row} of {file}"


class Groups:
    """Groups by key. Rows are `marked` or not."""

    __slots__ = ("_files", "_marked", "_single", "_table", "_waiting", "last")

    def __init__(self, *, marked: bool = False) -> None:
        self.last = ALL
        """Above this key nothing is kept."""
        self._marked = marked
        self._files: dict[str, int] = {}
        self._table = np.empty(0, _GROUP)  # by key
        self._waiting: list[np.ndarray] = []  # in the order of rows, after those of the table
        self._single: list[tuple[int, ...]] = []  # after those

    def add(self, key: int, facts: RowFacts, mark: int = 0) -> None:
        """Add a row; rows come in order."""
        self._single.append((key, 1, facts.row, mark, 0, self._place(facts.file), -1))
        if len(self._single) >= _TOGETHER:
            self._take_single()

    def add_all(self, keys: np.ndarray, file: str, rows: np.ndarray, marks: np.ndarray | None = None) -> None:
        """Add rows of a file; they come in order."""
        self._take_single()
        added = np.zeros(len(keys), _GROUP)
        added["key"], added["rows"], added["row"] = keys, 1, rows
        added["file"], added["other_file"] = self._place(file), -1
        if marks is not None:
            added["mark"] = marks
        self._take(added)

    def merge(self, later: Groups) -> Groups:
        """Add the rows of a later part."""
        later.trim()
        if not (self._files or self._waiting or self._single or len(self._table)):
            self._files, self._table, self.last = dict(later._files), later._table, min(self.last, later.last)
            return self
        self._take_single()
        places = np.array([*map(self._place, later._files), -1], np.int32)  # -1 stays the last
        added = later._table.copy()
        for name in ("file", "other_file"):
            added[name] = places[added[name]]
        self.last = min(self.last, later.last)
        self._take(added)
        return self

    def _place(self, file: str) -> int:
        return self._files.setdefault(file, len(self._files))

    def _take_single(self) -> None:
        if self._single:
            added, self._single = np.array(self._single, _GROUP), []
            self._take(added)

    def _take(self, added: np.ndarray) -> None:
        self._waiting.append(self._bounded(added))
        if sum(map(len, self._waiting)) >= KEPT:
            self.trim()

    def _all_differ(self) -> bool:
        return len({key for key, *_ in self._single}) == len(self._single) and not self.sampled

    def _bounded(self, groups: np.ndarray) -> np.ndarray:
        return groups[groups["key"] <= self.last] if self.sampled else groups

    def trim(self) -> None:
        """Group all rows, and keep the smallest keys."""
        if len(self._single) <= _FEW and not self._waiting and not len(self._table) and self._all_differ():
            self._table, self._single = np.array(sorted(self._single), _GROUP), []
        self._take_single()
        if not self._waiting:
            return
        parts = [part for part in (self._table, *self._waiting) if len(part)] or [self._table]
        self._waiting = []
        together = parts[0] if len(parts) == 1 else np.concatenate(parts)
        groups = _grouped(self._bounded(together), marked=self._marked)
        if len(groups) > KEPT:
            self.last = int(groups["key"][KEPT - 1])
        self._table = groups[:KEPT]

    @property
    def sampled(self) -> bool:
        """Whether groups were left out. Only certain after `trim`."""
        return self.last < ALL

    @property
    def keys(self) -> np.ndarray:
        """The keys that are kept, in order."""
        self.trim()
        return self._table["key"]

    def of(self, keys: Sequence[int]) -> list[HashGroup]:
        """The groups of some of the keys."""
        return self._groups(self._table[np.searchsorted(self.keys, np.array(keys, np.uint64))])

    def most(self) -> HashGroup | None:
        """The group with the most rows."""
        self.trim()
        return self._groups(self._table[[np.argmax(self._table["rows"])]])[0] if len(self._table) else None

    def alike(self) -> list[HashGroup]:
        """Groups with a second row (of another mark), in the order of file and row."""
        self.trim()
        found = self._groups(self._table[self._table["other_file"] >= 0])
        return sorted(found, key=lambda group: (group.file, group.row))

    def _groups(self, table: np.ndarray) -> list[HashGroup]:
        files = [*self._files]
        return [
            HashGroup(rows, files[file], row, None if other < 0 else (files[other], other_row))
            for _, rows, row, _, other_row, file, other in table.tolist()
        ]

    def examples(self, most: int = 20) -> list[list[str | int]]:
        """The first pairs of rows that are alike, as [file, row, file, row]."""
        return [[group.file, group.row, *group.other] for group in self.alike()[:most] if group.other]

    @property
    def where(self) -> str:
        """What a count is of, where it is not of all rows."""
        return f" (in a sample of {KEPT:,} kinds of rows)" if self.sampled else ""

    def _to_plain(self) -> list[Any]:
        self.trim()
        return [self._marked, self.last, [*self._files], base64.b64encode(self._table.tobytes()).decode()]

    @classmethod
    def _from_plain(cls, plain: Any) -> Groups:
        marked, last, files, table = plain
        groups = cls(marked=marked)
        groups.last = last
        groups._files = {file: place for place, file in enumerate(files)}
        groups._table = np.frombuffer(base64.b64decode(table), _GROUP)
        return groups

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> core_schema.CoreSchema:
        """Plain data and back, to be carried between processes and runs."""
        to_plain = core_schema.plain_serializer_function_ser_schema(cls._to_plain)
        return core_schema.no_info_plain_validator_function(cls._from_plain, serialization=to_plain)


def _grouped(parts: np.ndarray, *, marked: bool) -> np.ndarray:
    """Groups whose parts come in the order of rows, one by key and in the order of keys."""
    if len(parts) < 2:
        return parts
    parts = parts[np.argsort(parts["key"], kind="stable")]
    begins = np.ones(len(parts), bool)
    begins[1:] = parts["key"][1:] != parts["key"][:-1]
    starts = np.flatnonzero(begins)
    if len(starts) == len(parts):
        return parts
    groups = parts[starts]
    groups["rows"] = np.add.reduceat(parts["rows"], starts)
    group_of = np.cumsum(begins) - 1
    differs = ~begins
    if marked:
        differs &= parts["mark"] != groups["mark"][group_of]
    for of_part, of_other in (("file", "other_file"), ("row", "other_row")):
        parts[of_other] = np.where(differs, parts[of_part], parts[of_other])
    there = np.flatnonzero(parts["other_file"] >= 0)
    found, first = np.unique(group_of[there], return_index=True)
    for name in ("other_file", "other_row"):
        groups[name][found] = parts[name][there[first]]
    return groups
