"""Applies repairs to a row and judges the result as a run would; one that does not answer its finding is undone."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import castable
from validator.catalog.json_rows import RawRow, parse_row
from validator.engine.judge import Judge, status_of
from validator.export.pictures import Pictures
from validator.export.policy import Policy, Row
from validator.export.repairs import OUTSIDE, REPAIRS, Bench, repair
from validator.facts.measure import Measurer, limits_of
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
    """Mends rows of one JSON file. `target` is the export: paths of new images are relative to it, or absolute."""

    def __init__(
        self,
        entry: EntryFacts,
        file: FileFacts,
        settings: Settings,
        rules: tuple[Rule, ...],
        policy: Policy,
        pictures: Pictures,
        target: Path,
    ) -> None:
        assert entry.entry is not None and file.survey is not None
        self._entry, self._policy = entry.entry, policy
        self._survey = replace(file.survey, refusals=[], num_refusals=0)
        self._pictures = pictures
        self._root, self._target = MediaFiles(settings.resolved_media_dir), target
        self._limits = limits_of(settings, load_processor(settings.processor))
        self._judge = Judge(rules, entry, self._limits)
        self._name, self._settings = file.name, settings

    def mend(self, raw: RawRow, row: Row | None, *, outside: bool = False) -> Mended | None:
        """The row repaired, None where it cannot be or would still stay behind. `row` is what was found in it;
        `outside`: its media lead out of the folder that is copied.
        """
        codes = (row.codes if row is not None else frozenset()) | ({OUTSIDE} if outside else frozenset())
        value = _parsed(raw) if codes & REPAIRABLE else None
        if value is None:
            return None
        before = self._facts(raw)
        boxes = any(turn.reach for turn in before.turns)
        bench = Bench(self._entry, self._survey, self._root, self._pictures, boxes, codes)
        done = repair(value, bench)
        if not done or ("DI004" in codes and not self._fits(value)):
            return None
        text = json.dumps(value, ensure_ascii=False).encode()
        made = parse_row(text, raw.index, 0, array=False)
        facts = self._facts(made)
        findings = self._judge.row(facts)
        reasons = self._policy.reasons(findings, status_of(facts, findings), facts.trainer_error, facts.unchecked)
        left = {finding.code for finding in findings}
        if reasons or left - codes or (not outside and codes & REPAIRABLE <= left):
            return None
        return Mended(text, value, done)

    def _fits(self, value: dict[str, Any]) -> bool:
        """Whether the loader can put the values into the columns that it has found."""
        types = self._survey.types
        return all(
            name in types and castable(pa.array([item]).type, types[name], name) is None for name, item in value.items()
        )

    def _facts(self, raw: RawRow) -> Any:
        """The row measured and settled, with media looked for in the export first: new images lie there."""
        files = _Both(self._settings.resolved_media_dir, str(self._target))
        measurer = Measurer(self._entry, self._name, self._survey, self._settings, files)
        (facts,) = measurer.measure([raw])
        settle(facts, self._limits)
        return facts


class _Both(MediaFiles):
    """Media of the export where a new image lies there, of the original media folder otherwise."""

    def __init__(self, root: str, export: str) -> None:
        super().__init__(root)
        self._export = MediaFiles(export)

    def resolve(self, item: str) -> str:
        made = self._export.resolve(item)
        return made if made != item and self._export.identify(made).kind == "file" else super().resolve(item)


def _parsed(raw: RawRow) -> dict[str, Any] | None:
    """A row to edit; None where writing it again might lose something: names that stand twice, text that is none."""
    if raw.fault is not None or raw.undecodable or not isinstance(raw.value, dict):
        return None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    try:
        value = json.loads(raw.raw, object_pairs_hook=once)
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
