"""Measures one raw row: conversion, media, encoding, in the trainer's order, past its first failure.

Nothing here depends on pixel limits or the cutoff: `settle` puts those to the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import xxhash

from validator.catalog.entry import Entry
from validator.catalog.json_rows import RawRow
from validator.catalog.survey import Survey
from validator.conversation.media_paths import resolved
from validator.conversation.parts import AMONG_TEXT, are_parts, is_of_parts
from validator.conversation.sample import MEDIA_COLUMNS, MediaReference, Problem, Sample, UnreadError
from validator.conversation.unread_media import UnreadMedia
from validator.errors import ChangedDataError
from validator.facts.media_measure import MediaMeasurer
from validator.facts.recipe import recipe_of
from validator.facts.record import MediaFacts, RowFacts
from validator.facts.sameness import hashes_of
from validator.findings import clip
from validator.media.video import SIZES_UNSURE
from validator.media.whole_video import OTHERWISE
from validator.settings import Settings
from validator.storage.media_files import MediaFiles, Wanted
from validator.tokens.encode import EncodedTurn, TrainerError, encode_turns, refuse_media
from validator.tokens.known_templates import NONE

_NO_SAMPLE = Sample()
_SEEN = frozenset(("image", "video"))
_UNLOADED = {
    "endless": "takes too long to load",
    "fetched": "is not opened here",
    OTHERWISE: "is read otherwise by other readers of videos",
    SIZES_UNSURE: "has frames that may become one size or not",
}
"""Faults of media of which it is not known whether the trainer can load them."""


class _Row:
    """A row on its way through the steps."""

    __slots__ = ("done", "encoded", "facts", "raw", "sample")

    def __init__(self, raw: RawRow, facts: RowFacts) -> None:
        self.raw, self.facts = raw, facts
        self.sample = _NO_SAMPLE
        self.encoded: list[EncodedTurn] | None = None
        self.done = False

    def give_up(self, reason: str | None) -> None:
        """The row stays unchecked: nothing but its identity is known."""
        new = self.facts
        self.facts = RowFacts(
            dataset=new.dataset,
            file=new.file,
            row=new.row,
            sample_id=new.sample_id,
            content_hash=new.content_hash,
            outcome="unchecked",
            unchecked=reason,
            refused=new.refused,
        )
        self.done = True


class Measurer:
    """Measures the rows of one file under one set of settings. The processor is shared within the process."""

    def __init__(
        self, entry: Entry, file: str, survey: Survey, settings: Settings, files: MediaFiles | None = None
    ) -> None:
        self.entry, self.file, self.settings = entry, file, settings
        local = entry.source in ("file", "script")
        self.files = files or MediaFiles(settings.resolved_media_dir if local else "")
        mixed = any(is_of_parts(refusal, entry) for refusal in survey.refusals)
        self._parts = AMONG_TEXT if mixed else ""
        self._refused = {refusal.row for refusal in survey.refusals}
        self._unreadable = _unreadable(entry, survey)
        self._recipe = recipe = recipe_of(settings)
        self.processor, self.trainer = recipe.processor, recipe.trainer
        self.template, self.limits = recipe.template, recipe.limits
        self.processor.encoder.expect(survey.num_rows)
        self._view = self.trainer.view(entry, survey)
        self._unread = UnreadMedia(entry, survey.types, self.trainer)
        self._media = MediaMeasurer(settings, self.files, times=recipe.tells_times)

    def convert(self, raw: RawRow) -> Sample:
        """The sample that the trainer makes of a row, with the paths that it opens. Raises OSError where storage does
        not answer.
        """
        return resolved(self.unresolved(raw), self.files)

    def unresolved(self, raw: RawRow) -> Sample:
        """The same with paths as they are written."""
        return self.trainer.sample(self.seen(raw), self.entry, self.files)

    def seen(self, raw: RawRow) -> dict[str, Any]:
        """A row as the trainer's converter receives it."""
        return self._view(raw.value)

    def media(self, raw: RawRow) -> list[MediaReference]:
        """The media of a row. Rows without any, where they are named in columns alone, are not converted for that."""
        if self.trainer.names_media_in_columns:
            value = raw.value if isinstance(raw.value, dict) else {}
            if not any(value.get(self.entry.columns[name]) for name in MEDIA_COLUMNS):
                return []
        return [reference for kind in self.convert(raw).media.values() for reference in kind]

    def measure(self, raws: Sequence[RawRow], at: Callable[[int], None] = lambda row: None) -> list[RowFacts]:
        """The facts of some rows; see `Together`."""
        return Together([(self, raw) for raw in raws], self.files).facts(at)

    def measure_text(self, raw: RawRow, media: list[MediaFacts]) -> RowFacts:
        """The facts of a row whose media were measured before, under another model: none is opened."""
        row = self.begin(raw)
        self._convert(row)
        if not row.done and self._recipe.tells_times and any(_is_untimed(item) for item in media):
            row.give_up("the times of its frames were not measured: videos of such a row need a check of their own")
        if not row.done and self._recipe.resamples and any(item.seconds for item in media):
            row.give_up("other frames are sampled for this model: videos of such a row need a check of their own")
        if not row.done:
            self._take_media(row, [item if self._recipe.tells_times else replace(item, seconds=()) for item in media])
            self._encode(row)
            self._finish(row)
        return row.facts

    def begin(self, raw: RawRow) -> _Row:
        """A row of this file before the first step."""
        return _Row(raw, self._new(raw))

    def wanted(self, row: _Row) -> Iterator[Wanted]:
        """The media of a converted row."""
        return self._media.wanted(row.sample)

    def _convert(self, row: _Row) -> None:
        raw, facts = row.raw, row.facts
        if raw.unread:
            row.give_up(raw.fault)
        elif fault := raw.fault or self._unreadable:
            facts.problems.append(Problem("unparsable", None, None, "DatasetGenerationError", fault, "convert"))
            row.done = True
        elif lost := [name for name in raw.undecodable if self._view.reads(name)]:
            facts.problems.append(Problem("not-utf8", None, None, "UnicodeDecodeError", lost[0], "convert"))
            row.done = True
        else:
            row.sample = self.unresolved(raw)
            for name in raw.undecodable:
                row.sample.note("not-utf8", None, name)
            for path in self._view.misread(raw.value):
                row.sample.note("read-as-json", None, path)
            for path in self._view.converted(raw.value):
                row.sample.note("type-converted", None, path)
            for turn in _in_parts(row.sample):
                row.sample.note("content-parts", turn, self._parts)
            for name, kind in self._unread.of(raw.value, fed=bool(row.sample.media)):
                row.sample.note(f"unread-{kind}", None, name)
            if self.settings.template == NONE:
                row.sample.unchecked = self._recipe.not_reproduced
            elif row.sample.media.get("video") and self._recipe.no_times and not self._recipe.refused_media & _SEEN:
                row.sample.unchecked = "videos under Qwen3-VL, which writes the time of each frame, are not reproduced"
            if row.sample.unchecked is not None:
                row.give_up(row.sample.unchecked)

    def _look_at_media(self, row: _Row) -> None:
        self._take_media(row, self._media.measure(row.sample))

    def _take_media(self, row: _Row, media: list[MediaFacts]) -> None:
        row.facts.filled = _filled(row.sample)
        row.facts.media = media
        if unloaded := next((item for item in row.facts.media if item.probe.fault in _UNLOADED), None):
            row.facts.outcome = "unchecked"
            what = f"the {unloaded.kind} `{clip(unloaded.written)}` {_UNLOADED[unloaded.probe.fault or '']}"
            row.facts.unchecked = f"{what}: {unloaded.probe.message}"
        _fail_in_loader(row.sample, row.facts.media)

    def _encode(self, row: _Row) -> None:
        """Encode the turns as the trainer would, whatever became of the media, unless it would not come to that."""
        sample = row.sample
        if sample.crashed or sample.dropped or row.facts.unchecked:
            return
        try:
            refuse_media(sample, self._recipe.refused_media)
            self.trainer.check(sample)
            self.complete(sample, row.facts.media)
        except UnreadError as error:
            row.facts.outcome, row.facts.unchecked = "unchecked", str(error)
            return
        except TrainerError as error:
            sample.fail(error.kind, error.cause, error.turn, stage=error.stage)
            return
        if self._recipe.not_reproduced is not None:
            row.facts.outcome, row.facts.unchecked = "unchecked", self._recipe.not_reproduced
            return
        try:
            row.encoded = encode_turns(sample, self.processor, self.settings.default_system, self.template)
        except TrainerError as error:
            sample.fail(error.kind, error.cause, error.turn, stage="encode")
            return
        self.trainer.check_encoded(sample, row.encoded, self.processor)

    def complete(self, sample: Sample, media: Sequence[MediaFacts]) -> None:
        """Fill in what depends on the sizes of media, where all are known. Raises TrainerError and UnreadError."""
        if all(item.probe.width and item.probe.height for item in media):
            self.trainer.complete(sample, media, self.processor)

    def _finish(self, row: _Row) -> None:
        facts, sample = row.facts, row.sample
        facts.turns = self._recipe.turns(sample, row.encoded)
        facts.problems = sample.problems
        if sample.turns:
            facts.asked, facts.answered = hashes_of(sample)
        if sample.dropped and not sample.crashed and facts.unchecked is None:
            facts.outcome = "dropped"

    def leave_unchecked(self, raw: RawRow, reason: str | None = None) -> RowFacts:
        """The record of a row that cannot be checked: identity only. `reason` is None where the whole entry cannot."""
        row = self.begin(raw)
        row.give_up(reason)
        return row.facts

    def _new(self, raw: RawRow) -> RowFacts:
        unfit = raw.fault is not None and not raw.unread  # the survey has told of it, or of the first like it
        return RowFacts(
            dataset=self.entry.name,
            file=self.file,
            row=raw.index,
            sample_id=self._sample_id(raw),
            content_hash=xxhash.xxh3_128_hexdigest(raw.raw),
            refused=raw.index in self._refused or unfit or self._unreadable is not None,
        )

    def _sample_id(self, raw: RawRow) -> str:
        given = raw.value.get("id") if isinstance(raw.value, dict) else None
        if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
            return str(given)[:200]
        return f"{self.file}:{raw.index}"


_CONVERT, _LOOK_AT_MEDIA, _ENCODE, _FINISH = range(4)
_STEPS = ("_convert", "_look_at_media", "_encode", "_finish")
"""By their names: a measurer that held its own methods would keep what was seen of a shard's media alive after it."""
_RISKY = frozenset((_LOOK_AT_MEDIA, _ENCODE))
"""Steps at which libraries may end the process."""


class Together:
    """Rows of one shard, each with the measurer of its file, on their way through the steps.

    All are taken through one step before the next: what a step needs then stays in the processor's caches, which
    halves the time of encoding. To begin with they are converted, and their media asked for.
    """

    def __init__(self, raws: Sequence[tuple[Measurer, RawRow]], files: MediaFiles) -> None:
        self._files = files
        self._rows = [(measurer, measurer.begin(raw)) for measurer, raw in raws]
        self._take(_CONVERT)
        wanted = (item for measurer, row in self._rows if not row.done for item in measurer.wanted(row))
        self._asked = files.ask(wanted)

    def facts(self, at: Callable[[int], None] = lambda row: None) -> list[RowFacts]:
        """The facts of all. `at` is told which row is worked on."""
        self._take(_LOOK_AT_MEDIA, at)
        self._files.drop(self._asked)
        self._take(_ENCODE, at)
        self._take(_FINISH)
        return [row.facts for _, row in self._rows]

    def _take(self, number: int, at: Callable[[int], None] = lambda row: None) -> None:
        """Take all rows through one step. A row at which it fails is unchecked; the others go on."""
        step = _STEPS[number]
        for measurer, row in self._rows:
            if not row.done:
                if number in _RISKY:
                    at(row.raw.index)
                try:
                    getattr(measurer, step)(row)
                except (ChangedDataError, OSError) as error:  # OSError: storage that cannot be reached
                    row.give_up(str(error))
                except (KeyboardInterrupt, SystemExit, GeneratorExit):
                    raise
                except BaseException as error:  # a fault of ours, or a library's panic, takes no other rows with it
                    row.give_up(f"internal error: {type(error).__name__}: {error}"[:300])


def _unreadable(entry: Entry, survey: Survey) -> str | None:
    """Why the loader refuses a file for a column that the entry reads, and that cannot be read here either."""
    columns = {column for column in entry.columns.values() if column} - survey.types.keys()
    refusals = (refusal for refusal in survey.refusals if refusal.row is None and refusal.column in columns)
    return next((refusal.reason for refusal in refusals), None)


def _is_untimed(item: MediaFacts) -> bool:
    return item.kind == "video" and not item.seconds and item.probe.fault is None


def _fail_in_loader(sample: Sample, media: list[MediaFacts]) -> None:
    """Image columns are decoded while the row is read: a fault stops the trainer even where it would drop the row."""
    references = [reference for kind in sample.media.values() for reference in kind]
    for reference, image in zip(references, media, strict=True):
        if (
            reference.decoded
            and not sample.crashed
            and (reference.problem is not None or image.probe.fault is not None)
        ):
            sample.fail("media-unreadable", _media_error(reference, image), image.turn, reference.index)


def _filled(sample: Sample) -> tuple[str, ...]:
    names = [name for name in ("system", "tools") if getattr(sample, name) is not None]
    return (*names, *(f"{kind}s" for kind, references in sample.media.items() if references))


def _in_parts(sample: Sample) -> list[int | None]:
    """The turns whose content is a list of parts."""
    found: list[int | None] = [sample.system_turn] if are_parts(sample.system) else []
    return [*found, *(turn.index for turn in sample.turns if are_parts(turn.content))]


def _media_error(reference: MediaReference, image: MediaFacts) -> Exception:
    """The exception that the trainer stops with, by name and message."""
    name = reference.problem.exception if reference.problem else image.probe.exception or "OSError"
    message = reference.problem.message if reference.problem else image.probe.message or ""
    made: Exception = type(name, (Exception,), {})(message)
    return made
