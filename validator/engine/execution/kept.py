"""Which rows of a finished run keep their findings when it is judged again, and where these lie.

A row keeps them where nothing that its row rules look at has changed: its facts are the same, and the limits that are
other now neither change what the trainer makes of the row nor are spoken of. Whatever is not known to be so is judged
anew. What corpus rules say is always made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from validator.engine.gate.gate import Tables
from validator.engine.tables.by_file import by_file
from validator.engine.tables.finding_columns import columns_of, stored
from validator.facts.columns import are_among, has_items, numbers_of, plain_array
from validator.rules.base import Rule
from validator.rules.registry import rules_for
from validator.run_folder.damage import opened, unusable
from validator.settings import JUDGING, Settings

_OF_MEDIA = frozenset(("image_max_pixels", "image_min_pixels"))
_OF_NO_ROW = frozenset(("model_size",))
_FOLDED = ("nothing", "problems", "media", "faults", "content", "shapes")
_READ = 1 << 24


@dataclass(frozen=True, slots=True)
class Kept:
    """Findings of some rows: `number` of them from the one numbered `first`, whose line begins at byte `offset`. Rows
    longer than `longest` tokens, or with media where `text_only`, are judged anew; so are those without counts where
    they may have been `deleted` for their length. `codes` are of row rules.
    """

    tables: Tables
    codes: frozenset[str]
    longest: int | None
    text_only: bool
    deleted: bool
    first: int = 0
    number: int = 0
    offset: int = 0

    def rows(self, samples: pa.RecordBatch) -> np.ndarray:
        """Which rows of a batch of samples.parquet keep their findings."""
        keeps = np.ones(samples.num_rows, bool)
        if self.text_only:
            keeps &= ~has_items(samples["media"])
        if self.longest is not None:
            full = numbers_of(samples["num_tokens_full"])
            labels = numbers_of(samples["num_label_tokens"])
            keeps &= (full <= self.longest) & (labels != 0)
            if self.deleted:
                keeps &= full >= 0
        return keeps

    def findings(self) -> FindingsByRow:
        """The findings, to be taken in the order of rows."""
        return FindingsByRow(stored(self.tables.findings, self.tables.lines, self.first, self.number, self.offset))

    def of_rows(self, findings: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
        """Those of some rows that row rules have found."""
        chosen = np.isin(numbers_of(findings["row"]), rows) & are_among(findings["code"], self.codes)
        return findings if chosen.all() else findings.filter(plain_array(chosen.tolist(), pa.bool_()))


class FindingsByRow:
    """Findings of one file, handed out row by row."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._rest: pa.RecordBatch | None = next(batches, None)

    def up_to(self, row: int) -> list[pa.RecordBatch]:
        """Those of the rows up to one, that have not been handed out."""
        found = []
        while self._rest is not None:
            rows = numbers_of(self._rest["row"])
            number = int(np.searchsorted(rows, row, "right"))
            found.append(self._rest.slice(0, number))
            if number < len(rows):
                self._rest = self._rest.slice(number)
                break
            self._rest = next(self._batches, None)
        return found


def kept(
    tables: Tables,
    entries: Sequence[str],
    before: tuple[Settings, Sequence[Rule]],
    now: tuple[Settings, Sequence[Rule]],
) -> Kept | None:
    """What can be kept of a run whose tables were made by this program under the settings and rules of `before`; None
    where every row is to be judged anew.
    """
    (old, old_rules), (new, rules) = before, now
    changed = {name for name in JUDGING if getattr(old, name) != getattr(new, name)}
    if changed - {"cutoff_len"} - _OF_MEDIA - _OF_NO_ROW or any(rule.origin for rule in (*old_rules, *rules)):
        return None
    if any(_of_rows(old_rules, old, name) != _of_rows(rules, new, name) for name in entries):
        return None
    folded = (rule.corpus for rule in rules if rule.corpus is not None and rule.corpus.fold is not None)
    assert all(corpus.needs in _FOLDED for corpus in folded)
    return Kept(
        tables.absolute(),
        frozenset(rule.code for rule in rules if rule.row is not None),
        min(old.cutoff_len, new.cutoff_len) if "cutoff_len" in changed else None,
        bool(changed & _OF_MEDIA),
        new.profile.leaves_out_long_rows,
    )


def _of_rows(rules: Sequence[Rule], settings: Settings, dataset: str) -> list[tuple[str, str]]:
    return [(rule.code, rule.severity) for rule in rules_for(rules, settings, dataset) if rule.row is not None]


def placed(kept: Kept, stretches: Sequence[tuple[str, str, int, int]]) -> list[Kept]:
    """The findings of each stretch of rows: (dataset, file, first row, last row), in order."""
    rows = _rows(kept.tables.findings)
    nothing = (0, np.empty(0, np.int64))
    bounds = []
    for dataset, file, first, last in stretches:
        start, known = rows.get((dataset, file), nothing)
        bounds.append((start + np.searchsorted(known, first), start + np.searchsorted(known, last, "right")))
    offsets = _offsets(kept.tables.lines, sorted({int(begin) for begin, _ in bounds}))
    return [
        replace(kept, first=int(begin), number=int(end - begin), offset=offsets[int(begin)]) for begin, end in bounds
    ]


def _rows(table: Path) -> dict[tuple[str, str], tuple[int, np.ndarray]]:
    """Of each file the number of its first finding, and the rows of its findings; -1 of what is about no row."""
    parts: dict[tuple[str, str], list[np.ndarray]] = {}
    starts: dict[tuple[str, str], int] = {}
    begin = 0
    for batch in columns_of(table, ("dataset", "file", "row")):
        rows = numbers_of(batch["row"])
        for dataset, file, start, stop in by_file(batch):
            key = (dataset, file or "")
            starts.setdefault(key, begin + start)
            parts.setdefault(key, []).append(rows[start:stop])
        begin += batch.num_rows
    return {key: (starts[key], np.concatenate(found)) for key, found in parts.items()}


def _offsets(lines: Path, wanted: Sequence[int]) -> dict[int, int]:
    """Where some lines of a file begin, by their numbers from 0."""
    found: dict[int, int] = {0: 0}
    left = [number for number in wanted if number]
    seen = offset = 0
    with opened(lines) as file:
        while left and (data := file.read(_READ)):
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
            while left and left[0] <= seen + len(ends):
                found[left[0]] = offset + int(ends[left[0] - seen - 1]) + 1
                del left[0]
            seen, offset = seen + len(ends), offset + len(data)
    if left:
        raise unusable(lines, f"ends before its finding {left[0]:,}")
    return found
