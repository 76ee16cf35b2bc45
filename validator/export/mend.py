"""Applies repairs to a row and judges the result as a run would; one that does not answer its finding is undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import castable
from validator.catalog.json_rows import RawRow, parse_row
from validator.engine.judge import Judge, status_of
from validator.export.pictures import Pictures
from validator.export.policy import Policy, Reason
from validator.export.repairs import OUTSIDE, REPAIRS, Bench, repair
from validator.export.verdicts import Row
from validator.facts.measure import Measurer, limits_of
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.files import MediaFiles
from validator.rules.base import EntryFacts, FileFacts, Rule
from validator.settings import Settings
from validator.tokens.processor import load_processor

REPAIRABLE = frozenset(code for codes in REPAIRS.values() for code in codes)
"""Codes of findings that some repair may answer."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A repaired row: its bytes, its value, and what was done to it, as (name of the repair, words)."""

    raw: bytes
    value: dict[str, Any]
    repairs: list[tuple[str, str]]


class Mender:
    """Mends rows of one JSON file. Media are looked for among the new pictures of the export first."""

    def __init__(
        self,
        entry: EntryFacts,
        file: FileFacts,
        settings: Settings,
        rules: tuple[Rule, ...],
        policy: Policy,
        pictures: Pictures,
    ) -> None:
        assert entry.entry is not None and file.survey is not None
        self._entry, self._policy, self._pictures = entry.entry, policy, pictures
        self._survey = replace(file.survey, refusals=[], num_refusals=0)
        self._files = _WithPictures(settings.resolved_media_dir, pictures)
        self._measurer = Measurer(entry.entry, file.name, self._survey, settings, self._files)
        self._limits = limits_of(settings, load_processor(settings.processor))
        self._judge = Judge(rules, entry, self._limits)

    def mend(self, rows: Sequence[tuple[RawRow, Row | None]], *, outside: bool = False) -> list[Mended | None]:
        """Rows repaired, None where one cannot be or would still stay behind. Each comes with what was found in it;
        `outside`: its media lead out of the folder that is copied.
        """
        tried = [self._repair(raw, row, outside) for raw, row in rows]
        made = [
            parse_row(item.raw, raw.index, 0, array=False) for (raw, _), item in zip(rows, tried, strict=True) if item
        ]
        measured = iter(self._measured(made))
        return [
            item if item and self._holds(next(measured), _codes(row, outside), outside) else None
            for (_, row), item in zip(rows, tried, strict=True)
        ]

    def _repair(self, raw: RawRow, row: Row | None, outside: bool) -> Mended | None:
        codes = _codes(row, outside)
        value = _parsed(raw) if codes & REPAIRABLE else None
        if value is None:
            return None
        bench = Bench(self._entry, self._survey, self._files, self._pictures, lambda: self._has_boxes(raw), codes)
        done = repair(value, bench)
        if not done or ("DI004" in codes and not self._fits(value)):
            return None
        return Mended(json.dumps(value, ensure_ascii=False).encode(), value, done)

    def _holds(self, facts: RowFacts, codes: frozenset[str], outside: bool) -> bool:
        """Whether a repair answers one of the findings, brings no other, and nothing keeps the row out any more."""
        said = [Reason(rule.code, rule.severity, hit.message) for rule, hit in self._judge.hits(facts)]
        left = {reason.code for reason in said}
        if self._policy.reasons(said, status_of(facts, said), facts.trainer_error, facts.unchecked):
            return False
        return left <= codes and (outside or not codes & REPAIRABLE <= left)

    def forget(self) -> None:
        """Forget what was seen of media: a bound on memory."""
        self._files.seen.clear()

    def _has_boxes(self, raw: RawRow) -> bool:
        return any(turn.reach for turn in self._measured([raw])[0].turns)

    def _fits(self, value: dict[str, Any]) -> bool:
        """Whether the loader can put the values into the columns that it has found."""
        types = self._survey.types
        return all(
            name in types and castable(pa.array([item]).type, types[name], name) is None for name, item in value.items()
        )

    def _measured(self, rows: Sequence[RawRow]) -> list[RowFacts]:
        """Rows measured, which takes less time for several together, and settled."""
        found = self._measurer.measure(rows)
        for facts in found:
            settle(facts, self._limits)
        return found


class _WithPictures(MediaFiles):
    """The original media folder, and the new pictures of the export."""

    def __init__(self, root: str, pictures: Pictures) -> None:
        super().__init__(root)
        self._pictures = pictures

    def resolve(self, item: str) -> str:
        return self._pictures.find(item) or super().resolve(item)


def _codes(row: Row | None, outside: bool) -> frozenset[str]:
    return (row.codes if row is not None else frozenset()) | ({OUTSIDE} if outside else frozenset())


def _parsed(raw: RawRow) -> dict[str, Any] | None:
    """A row to edit; None where writing it again might lose something: names that stand twice, text that is none."""
    if raw.fault is not None or raw.undecodable or not isinstance(raw.value, dict):
        return None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError("a name stands twice")
        return made

    try:
        value = json.loads(raw.raw, object_pairs_hook=once)
        if b"\\u" in raw.raw:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
