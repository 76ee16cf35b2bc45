"""Writes the rows of one entry: kept and mended ones to the export, the others, with reasons, to its quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.catalog.marks import mark, span_of
from validator.catalog.survey import Survey
from validator.export.copies import KEPT, QUARANTINED, RowFile, split_copy
from validator.export.media import OutsideError, Placer
from validator.export.mend import Mender
from validator.export.plan import QUARANTINE, Going, Part
from validator.export.policy import Reason, Row, Verdicts, plain
from validator.facts.measure import Measurer
from validator.rules.base import EntryFacts, FileFacts
from validator.settings import Settings

_JSON = ("lines", "array", "values")
_TOGETHER = 4096
"""Rows of a file that are read at a time."""


@dataclass(slots=True)
class Written:
    """What was written of an entry. `columns` are those of the rows that are kept, None where the format fixes them;
    `by_code` counts rows that stay behind, by the first reason.
    """

    kept: int = 0
    fixed: int = 0
    quarantined: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    columns: set[str] | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where everything of one export goes. `source` is the registry's folder; `dropped`, `fixes` are opened files,
    `told` is called for every row.
    """

    source: Path
    target: Path
    settings: Settings
    verdicts: Verdicts
    placer: Placer
    dropped: BinaryIO
    fixes: BinaryIO
    told: Callable[[], None]


def copy_entry(going: Going, desk: Desk, mender_of: Callable[[EntryFacts, FileFacts], Mender] | None) -> Written:
    """Write an entry. `mender_of` makes the mender of a file, or is None where nothing is to be repaired.

    Raises OSError, and ValueError where rows cannot be told apart.
    """
    done = Written()
    for part in going.parts:
        assert part.file.survey is not None
        if part.file.survey.layout in _JSON or part.file.survey.layout == "empty":
            _copy_json(going, part, desk, done, None if mender_of is None else mender_of(going.facts, part.file))
        else:
            _copy_table(going, part, desk, done)
    return done


class _Book:
    """Writes down which rows of a file stay behind, and which were mended."""

    def __init__(self, going: Going, part: Part, desk: Desk, done: Written) -> None:
        self._base = {"dataset": going.facts.name, "file": part.file.name}
        self._part, self._desk, self._done = part, desk, done

    def drop(self, row: Row, reasons: tuple[Reason, ...], place: int | None) -> None:
        """A row that stays behind, as row `place` of its file in the quarantine; None where it is not written there."""
        self._done.quarantined += 1
        self._done.by_code[reasons[0].code or "no finding"] += 1
        record = {
            **self._base,
            "row": row.row,
            "sample_id": row.sample_id,
            "content_hash": row.content_hash,
            "quarantine_file": None if place is None else self._part.target,
            "quarantine_row": place,
            "reasons": plain(reasons),
        }
        self._desk.dropped.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def fix(self, row: int, place: int, repairs: list[tuple[str, str]]) -> None:
        """A row that was mended, as row `place` of its file in the export."""
        self._done.fixed += 1
        record = {
            **self._base,
            "row": row,
            "export_file": self._part.target,
            "export_row": place,
            "repairs": [{"repair": name, "what": words} for name, words in repairs],
        }
        self._desk.fixes.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _copy_json(going: Going, part: Part, desk: Desk, done: Written, mender: Mender | None) -> None:
    book = _Book(going, part, desk, done)
    rows = desk.verdicts.of((going.facts.name, part.file.name))
    survey = part.file.survey
    assert survey is not None and going.facts.entry is not None
    measurer = Measurer(going.facts.entry, part.file.name, survey, desk.settings)
    done.columns = set() if done.columns is None else done.columns
    with ExitStack() as stack:
        targets = (desk.target / part.target, desk.target / QUARANTINE / part.target)
        kept, behind = (RowFile(target, survey.layout, dry=part.written) for target in targets)
        stack.callback(kept.close)
        stack.callback(behind.close)
        for raw in _rows(desk.source / part.file.name, survey):
            desk.told()
            if going.facts.order.place(part.file.name, raw.index) is None:
                continue
            known = rows.get(raw.index)
            row, reasons = raw, known.reasons if known is not None else ()
            mended = mender.mend(raw, known) if mender is not None else None
            if mended is not None:
                row, reasons = replace(raw, raw=mended.raw, value=mended.value), ()
            outside = None if reasons else _place(desk.placer, measurer, row)
            if outside is not None and mender is not None:
                mended = mender.mend(raw, known, outside=True)
                if mended is not None:
                    row = replace(raw, raw=mended.raw, value=mended.value)
                    outside = _place(desk.placer, measurer, row)
            if outside is not None:
                reasons = (Reason("", "error", str(outside)),)
            if reasons:
                book.drop(known or _unknown(measurer, raw), reasons, None if raw.unread else behind.add(raw.raw))
                continue
            place = kept.add(row.raw)
            done.kept += 1
            if isinstance(row.value, dict):
                done.columns |= row.value.keys()
            if mended is not None:
                book.fix(raw.index, place, mended.repairs)


def _copy_table(going: Going, part: Part, desk: Desk, done: Written) -> None:
    book = _Book(going, part, desk, done)
    rows = desk.verdicts.of((going.facts.name, part.file.name))
    survey, source = part.file.survey, desk.source / part.file.name
    assert survey is not None and going.facts.entry is not None
    measurer = Measurer(going.facts.entry, part.file.name, survey, desk.settings)
    fates: dict[int, int | None] = {}
    place = 0
    for raw in file_rows(source, survey):
        desk.told()
        if going.facts.order.place(part.file.name, raw.index) is None:
            fates[raw.index] = None
            continue
        known = rows.get(raw.index)
        reasons = known.reasons if known is not None else ()
        if not reasons and (outside := _place(desk.placer, measurer, raw)) is not None:
            reasons = (Reason("", "error", str(outside)),)
        if reasons:
            fates[raw.index] = QUARANTINED
            book.drop(known or _unknown(measurer, raw), reasons, place)
            place += 1
        else:
            done.kept += 1
    if not part.written:
        targets = (desk.target / part.target, desk.target / QUARANTINE / part.target)
        split_copy(source, survey.layout, targets, lambda row: fates.get(row, KEPT), survey.num_rows)


def _unknown(measurer: Measurer, raw: RawRow) -> Row:
    """A row in which nothing was found."""
    facts = measurer.leave_unchecked(raw)
    return Row(raw.index, facts.sample_id, facts.content_hash)


def _place(placer: Placer, measurer: Measurer, raw: RawRow) -> OutsideError | None:
    try:
        placer.place(measurer.convert(raw))
    except OutsideError as error:
        return error
    return None


def _rows(path: Path, survey: Survey) -> Iterator[RawRow]:
    """The rows of a JSON file that is as it was when it was surveyed."""
    mark(path, survey)
    for first in range(0, survey.num_rows, _TOGETHER):
        stop = first + _TOGETHER
        yield from file_rows(path, survey, span_of(survey, first, stop if stop < survey.num_rows else None))
