"""Applies repairs to a row and judges the result as a run would; one that does not answer its finding is undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from validator.catalog.json_rows import RawRow, parse_row
from validator.catalog.survey import Survey
from validator.engine.execution.judge import Judge, status_of
from validator.engine.execution.rulebook import Rulebooks
from validator.exporting.conversion import NAME, Conversion, Converter, UnconvertedError
from validator.exporting.pictures import PictureFiles
from validator.exporting.policy import Policy, Reason
from validator.exporting.repairs import OUTSIDE, PARTS, REPAIRS, Bench, repair
from validator.exporting.target import Target
from validator.exporting.verdicts import VerdictRow
from validator.facts.measure import Measurer
from validator.facts.recipe import limits_of
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.rules.base import EntryFacts, FileFacts, Rule
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.processor import load_processor

_OF_SIZE = frozenset(("IM019",))
"""What may be found of boxes once their system is the model's own."""
REPAIRABLE = frozenset(code for codes in REPAIRS.values() for code in codes)
"""Codes of findings that some repair may answer."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A repaired row: its bytes, its value, what was done to it, as (name of the repair, words), and the texts whose
    coordinates were `converted`, each with its changes.
    """

    raw: bytes
    value: dict[str, Any]
    repairs: list[tuple[str, str]]
    converted: list[dict[str, Any]] = field(default_factory=list)


class Mender:
    """Mends rows of one JSON file. Media are looked for among the new pictures of the export first."""

    def __init__(
        self,
        entry: EntryFacts,
        file: FileFacts,
        settings: Settings,
        rules: tuple[Rule, ...],
        policy: Policy,
        pictures: PictureFiles,
        conversion: Conversion | None = None,
    ) -> None:
        assert entry.entry is not None and file.survey is not None
        self._target = Target(entry.entry, file.survey)
        self._always = frozenset((PARTS,)) if self._target.is_of_text else frozenset[str]()
        self._name, self._settings, self._policy, self._pictures = file.name, settings, policy, pictures
        self._files = _WithPictures(settings.resolved_media_dir, pictures)
        self._measurers: tuple[Survey, Measurer, Measurer] | None = None
        self._limits = limits_of(settings, load_processor(settings.processor))
        self._converter = None if conversion is None else Converter(conversion, entry.entry, self._limits)
        self.unconverted: dict[int, str] = {}
        """Why the coordinates of a row were left as they are, by its number: it cannot go with the others."""
        self._judge = Judge(Rulebooks(rules, settings).of(entry.name), entry, self._limits)

    def mend(self, rows: Sequence[tuple[RawRow, VerdictRow | None]], *, outside: bool = False) -> list[Mended | None]:
        """Rows repaired, None where one cannot be or would still stay behind. Each comes with what was found in it;
        `outside`: its media lead out of the folder that is copied.
        """
        all_codes = [_codes(row, outside) | self._always for _, row in rows]
        tried = [self._repair(raw, codes) for (raw, _), codes in zip(rows, all_codes, strict=True)]
        if self._converter is not None:
            tried = self._converted([raw for raw, _ in rows], tried, self._converter)
        made = [
            parse_row(item.raw, raw.index, 0, array=False) for (raw, _), item in zip(rows, tried, strict=True) if item
        ]
        measured = iter(self._measured(made))
        mended = [
            item if item and self._holds(next(measured), codes, outside, bool(item.converted)) else None
            for codes, item in zip(all_codes, tried, strict=True)
        ]
        for (raw, _), item, made_of in zip(rows, mended, tried, strict=True):
            if item is None and made_of is not None and made_of.converted:
                self.unconverted[raw.index] = "with them it would not pass"
        for item in mended:
            self._target.keep(item.value if item else {})
        return mended

    def holds_parts(self, raw: RawRow) -> bool:
        """Whether a row that could not be mended has contents in parts, in a file that becomes one of text."""
        return bool(self._always) and self._target.holds_parts(raw.value)

    @property
    def measurer(self) -> Measurer:
        """What reads the media of mended rows from the original."""
        return self._current()[1]

    @property
    def added(self) -> dict[str, str]:
        """Columns that the entry must name for the rows that were mended: as in `columns`."""
        return self._target.added

    def _repair(self, raw: RawRow, codes: frozenset[str]) -> Mended | None:
        value = _parsed(raw) if codes & REPAIRABLE else None
        if value is None:
            return None
        target = self._target
        bench = Bench(target.entry, target.survey, self._files, self._pictures, lambda: self._has_boxes(raw), codes)
        done = repair(value, bench)
        if self._always:
            if target.holds_parts(value) or not target.take(value):
                return None
            if not done and "DI004" in codes:
                done = [("text-of-parts", "its text stays: the parts of other rows became text")]
        if not done or ("DI004" in codes and not target.fits(value)):
            return None
        return Mended(json.dumps(value, ensure_ascii=False).encode(), value, done)

    def _converted(
        self, raws: Sequence[RawRow], repaired: Sequence[Mended | None], converter: Converter
    ) -> list[Mended | None]:
        """Rows, repaired ones as they are now, with their coordinates converted."""
        now = [
            raw if item is None else parse_row(item.raw, raw.index, 0, array=False)
            for raw, item in zip(raws, repaired, strict=True)
        ]
        found = []
        for raw, row, item, facts in zip(raws, now, repaired, self._measured(now), strict=True):
            value = _parsed(row)
            try:
                if value is None:
                    if any(turn.shapes for turn in facts.turns):
                        raise UnconvertedError("writing it again would lose something")
                    found.append(item)
                    continue
                done = converter.convert(value, facts)
            except UnconvertedError as error:
                self.unconverted[raw.index] = str(error)
                found.append(None)
                continue
            if done is not None:
                before = item.repairs if item is not None else []
                data = json.dumps(value, ensure_ascii=False).encode()
                item = Mended(data, value, [*before, (NAME, done.words)], done.texts)
            found.append(item)
        return found

    def _holds(self, facts: RowFacts, codes: frozenset[str], outside: bool, converted: bool) -> bool:
        """Whether a repair answers one of the findings, brings no other, and nothing keeps the row out any more."""
        said = [Reason(rule.code, rule.severity, hit.message) for rule, hit in self._judge.hits(facts)]
        left = {reason.code for reason in said}
        if self._policy.reasons(said, status_of(facts, said), facts.trainer_error, facts.unchecked):
            return False
        if self._always:
            return True  # its media were not seen before: what is said of them is new
        if converted:
            return left <= codes | _OF_SIZE
        return left <= codes and (outside or not codes & REPAIRABLE <= left)

    def forget(self) -> None:
        """Forget what was seen of media: a bound on memory."""
        self._files.forget()
        if self._measurers is not None:
            self._measurers[2].files.forget()

    def _has_boxes(self, raw: RawRow) -> bool:
        return any(turn.shapes for turn in self._measured([raw])[0].turns)

    def _current(self) -> tuple[Measurer, Measurer]:
        """What measures mended rows, with the new pictures and without: under the types that rows have so far."""
        survey = self._target.survey
        if self._measurers is None or self._measurers[0] is not survey:
            rest = (self._target.used(), self._name, survey, self._settings)
            self._measurers = survey, Measurer(*rest, self._files), Measurer(*rest)
        return self._measurers[1:]

    def _measured(self, rows: Sequence[RawRow]) -> list[RowFacts]:
        """Rows measured, which takes less time for several together, and settled."""
        found = self._current()[0].measure(rows)
        for facts in found:
            settle(facts, self._limits)
        return found


class _WithPictures(MediaFiles):
    """The original media folder, and the new pictures of the export."""

    def __init__(self, root: str, pictures: PictureFiles) -> None:
        super().__init__(root)
        self._pictures = pictures

    def resolve(self, item: str) -> str:
        return self._pictures.find(item) or super().resolve(item)


def _codes(row: VerdictRow | None, outside: bool) -> frozenset[str]:
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
