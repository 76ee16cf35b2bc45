"""Writes the rows of one entry: kept and mended ones to the export, the others, with reasons, to its quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.catalog.marks import mark, span_of
from validator.catalog.survey import Survey
from validator.exporting.copies import KEPT, NOWHERE, QUARANTINED, Opener, RowFile, split_copy
from validator.exporting.folder import Folder
from validator.exporting.media import MisplacedError, Placer
from validator.exporting.mend import Mended, Mender
from validator.exporting.names import QUARANTINE
from validator.exporting.plan import ExportPart, Going
from validator.exporting.policy import Reason, plain
from validator.exporting.verdicts import VerdictRow, Verdicts
from validator.facts.measure import Measurer
from validator.rules.base import EntryFacts, FileFacts
from validator.settings import Settings

_JSON = ("lines", "array", "values")
_TOGETHER = 4096
"""Rows of a file that are read at a time; what was seen of media is forgotten then."""
_IN_PARTS = Reason("DI004", "error", "its content is in parts, which cannot stand among the text of other rows")
_MENDED = 64
"""Rows that are mended together."""


@dataclass(slots=True)
class WrittenEntry:
    """What was written of an entry. `columns` are those of the rows that are kept, None where the format fixes them;
    `converted` counts rows with new coordinates, `by_code` rows that stay behind, by the first reason; `added` are
    columns that mended rows have gained, as the entry must name them.
    """

    kept: int = 0
    fixed: int = 0
    quarantined: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    added: dict[str, str] = field(default_factory=dict)
    converted: int = 0
    columns: set[str] | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where everything of one export goes. `source` is the registry's folder; `dropped`, `fixes` are opened files,
    `told` is called for every row, `at_hand` makes sure that the content of a packed file is there.
    """

    source: Path
    folder: Folder
    settings: Settings
    verdicts: Verdicts
    placer: Placer
    dropped: BinaryIO
    fixes: BinaryIO
    told: Callable[[], None]
    at_hand: Callable[[FileFacts], FileFacts]


def copy_entry(going: Going, desk: Desk, mender_of: Callable[[EntryFacts, FileFacts], Mender] | None) -> WrittenEntry:
    """Write an entry. `mender_of` makes the mender of a file, or is None where nothing is to be repaired.

    Raises OSError, and ValueError where rows cannot be told apart.
    """
    done = WrittenEntry()
    for part in going.parts:
        part = replace(part, file=desk.at_hand(part.file))
        assert part.file.survey is not None
        if part.file.survey.layout in _JSON or part.file.survey.layout == "empty":
            _copy_json(going, part, desk, done, None if mender_of is None else mender_of(going.facts, part.file))
        else:
            _copy_table(going, part, desk, done)
    return done


class _Book:
    """Writes down which rows of a file stay behind, and which were mended."""

    def __init__(self, going: Going, part: ExportPart, desk: Desk, done: WrittenEntry) -> None:
        self._base = {"dataset": going.facts.name, "file": part.file.name}
        self._part, self._desk, self._done = part, desk, done

    def drop(self, row: VerdictRow, reasons: tuple[Reason, ...], place: int | None) -> None:
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

    def fix(self, row: int, place: int, mended: Mended) -> None:
        """A row that was mended, as row `place` of its file in the export."""
        self._done.fixed += 1
        record = {
            **self._base,
            "row": row,
            "export_file": self._part.target,
            "export_row": place,
            "repairs": [{"repair": name, "what": words} for name, words in mended.repairs],
            "converted": mended.converted or None,
        }
        self._done.converted += bool(mended.converted)
        self._desk.fixes.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _copy_json(going: Going, part: ExportPart, desk: Desk, done: WrittenEntry, mender: Mender | None) -> None:
    book = _Book(going, part, desk, done)
    survey = part.file.survey
    assert survey is not None and going.facts.entry is not None
    measurer = Measurer(going.facts.entry, part.file.name, survey, desk.settings)
    done.columns = set() if done.columns is None else done.columns
    with ExitStack() as stack:
        kept, behind = (RowFile(opened, survey.layout, dry=part.written) for opened in _targets(part, desk))
        stack.callback(kept.close)
        stack.callback(behind.close)
        rows = _rows(Path(part.file.within(str(desk.source))), survey, measurer, mender)
        for raw, known, mended in _mended(_with_verdicts(rows, going, part, desk), mender):
            row, reasons = raw, known.reasons if known is not None else ()
            if mended is not None:
                row, reasons = replace(raw, raw=mended.raw, value=mended.value), ()
            read = mender.measurer if mended is not None and mender is not None else measurer
            misplaced = None if reasons else _place(desk.placer, read, row)
            if misplaced is not None and mender is not None:
                (mended,) = mender.mend([(raw, known)], outside=True)
                if mended is not None:
                    row = replace(raw, raw=mended.raw, value=mended.value)
                    misplaced = _place(desk.placer, mender.measurer, row)
            if misplaced is not None:
                reasons = (Reason("", "error", str(misplaced)),)
            if mended is None and not reasons and mender is not None and mender.holds_parts(raw):
                reasons = (_IN_PARTS,)
            if mended is None and not reasons and mender is not None and (why := mender.unconverted.pop(raw.index, "")):
                reasons = (Reason("", "error", f"its coordinates were not converted: {why}"),)
            if reasons:
                book.drop(known or _unknown(measurer, raw), reasons, None if raw.unread else behind.add(raw.raw))
                continue
            place = kept.add(row.raw)
            done.kept += 1
            if isinstance(row.value, dict):
                done.columns |= row.value.keys()
            if mended is not None:
                book.fix(raw.index, place, mended)
        done.added |= mender.added if mender is not None else {}


def _mended(
    rows: Iterable[tuple[RawRow, VerdictRow | None]], mender: Mender | None
) -> Iterator[tuple[RawRow, VerdictRow | None, Mended | None]]:
    """Rows with what they become where they can be repaired."""
    rows = iter(rows)
    while block := list(islice(rows, _MENDED)):
        mended = mender.mend(block) if mender is not None else [None] * len(block)
        for (raw, known), made in zip(block, mended, strict=True):
            yield raw, known, made


def _copy_table(going: Going, part: ExportPart, desk: Desk, done: WrittenEntry) -> None:
    book = _Book(going, part, desk, done)
    survey, source = part.file.survey, Path(part.file.within(str(desk.source)))
    assert survey is not None and going.facts.entry is not None
    measurer = Measurer(going.facts.entry, part.file.name, survey, desk.settings)
    fates = bytearray([NOWHERE]) * survey.num_rows
    place = 0
    for raw, known in _with_verdicts(_forgetting(file_rows(source, survey), measurer), going, part, desk):
        reasons = known.reasons if known is not None else ()
        if not reasons and (misplaced := _place(desk.placer, measurer, raw)) is not None:
            reasons = (Reason("", "error", str(misplaced)),)
        fates[raw.index] = QUARANTINED if reasons else KEPT
        if reasons:
            book.drop(known or _unknown(measurer, raw), reasons, place)
            place += 1
        else:
            done.kept += 1
    if not part.written:
        split_copy(source, survey.layout, _targets(part, desk), fates)


def _targets(part: ExportPart, desk: Desk) -> tuple[Opener, Opener]:
    """What makes the file of kept rows, and that of the others."""
    return (
        lambda: desk.folder.create(part.target),
        lambda: desk.folder.create(f"{QUARANTINE}/{part.target}"),
    )


def _with_verdicts(
    rows: Iterable[RawRow], going: Going, part: ExportPart, desk: Desk
) -> Iterator[tuple[RawRow, VerdictRow | None]]:
    """The rows that the entry takes of a file, with what was found in each."""
    found = desk.verdicts.of((going.facts.name, part.file.name))
    known = next(found, None)
    for raw in rows:
        desk.told()
        while known is not None and known.row < raw.index:
            known = next(found, None)
        if going.facts.order.place(part.file.name, raw.index) is not None:
            yield raw, known if known is not None and known.row == raw.index else None


def _unknown(measurer: Measurer, raw: RawRow) -> VerdictRow:
    """A row in which nothing was found."""
    facts = measurer.leave_unchecked(raw)
    return VerdictRow(raw.index, facts.sample_id, facts.content_hash)


def _place(placer: Placer, measurer: Measurer, raw: RawRow) -> MisplacedError | None:
    try:
        placer.place(measurer, raw)
    except MisplacedError as error:
        return error
    return None


def _rows(path: Path, survey: Survey, measurer: Measurer, mender: Mender | None) -> Iterator[RawRow]:
    """The rows of a JSON file that is as it was when it was surveyed."""
    mark(path, survey)
    for first in range(0, survey.num_rows, _TOGETHER):
        stop = first + _TOGETHER
        yield from file_rows(path, survey, span_of(survey, first, stop if stop < survey.num_rows else None))
        measurer.files.forget()
        if mender is not None:
            mender.forget()


def _forgetting(rows: Iterable[RawRow], measurer: Measurer) -> Iterator[RawRow]:
    for raw in rows:
        yield raw
        if raw.index % _TOGETHER == 0:
            measurer.files.forget()
