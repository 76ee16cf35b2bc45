"""Divides the files of a run into shards, and names the result of each by everything that it depends on."""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, groupby, pairwise, repeat
from pathlib import Path

import orjson
import xxhash

from validator.catalog.formats import costly_groups
from validator.catalog.marks import span_of
from validator.catalog.split import Order
from validator.catalog.survey import Survey
from validator.catalog.survey_record import to_plain
from validator.engine.cache import Cache
from validator.engine.execution.results import ShardResult
from validator.engine.execution.shard import Part, ShardJob
from validator.engine.keys import key_of
from validator.engine.program import judges
from validator.execution import Execution, cores, worker_memory
from validator.facts.recipe import judging_alone
from validator.rules.base import EntryFacts, FileFacts, Rule
from validator.settings import JUDGING, NEUTRAL, Settings
from validator.storage.media_files import MediaFiles
from validator.storage.remote import locate
from validator.tokens.processor import load_processor
from validator.trainers.registry import origin_of
from validator.writing import write_whole

PILOT = 64
"""Rows of the first shard of a file, from which its speed is measured."""
SHARD_SECONDS = 6.5
"""At most, and at least two thirds of it: long beside what a shard costs, short beside a run."""
FEWEST, MOST = 16, 1 << 17
"""Rows of a shard."""
MOST_BYTES = 64 << 20
"""Of a data file that a shard may cover."""
SMALL_BYTES = 1 << 20
"""Of a file that is checked together with others."""


BUNDLE_ROWS = 1024
"""Rows of small files that one shard covers, about: a small file alone costs as much as some dozen rows."""
_LAST = 128
"""One small file in so many is the last of its shard, by its name: of a folder with a file more, few shards differ."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A surveyed file of an entry, and its path."""

    entry: EntryFacts
    file: FileFacts
    path: str

    @property
    def survey(self) -> Survey:
        """Its survey."""
        assert self.file.survey is not None
        return self.file.survey

    @property
    def place(self) -> str:
        """Where its content lies: of a packed file elsewhere."""
        return self.path if self.file.packed is None else self.file.packed.place

    @property
    def ends_bundle(self) -> bool:
        """Whether a shard of small files ends with this one, wherever it stands."""
        return xxhash.xxh3_64_intdigest(os.fsencode(f"{self.entry.name}\0{self.file.name}")) % _LAST == 0


@dataclass(slots=True)
class Shard:
    """A part of the plan. `seconds`: how long it took, where it was made in this run. `deaths` counts processes that
    died of it, `suspect` is the row that the last one was at. `damaged`: it is done without a result, since its files
    must be surveyed anew.
    """

    job: ShardJob
    done: bool = False
    seconds: float | None = None
    deaths: int = 0
    suspect: int | None = None
    damaged: bool = False


def judging_key(settings: Settings, rules: Sequence[Rule]) -> str:
    """A key of what decides which findings facts give."""
    values = settings.model_dump(mode="json")
    return key_of(
        {name: values[name] for name in sorted(JUDGING)},
        [[rule.code, rule.origin, rule.severity] for rule in rules],
        {name: [own["ignore"], own["severity"]] for name, own in sorted(values["per_dataset"].items())},
    )


def probes_file(cache: Cache, program: str, settings: Settings, execution: Execution) -> Path:
    """Where a run keeps what was measured of media."""
    depth = [settings.integrity, settings.preview, execution.hash_media]
    return cache.folder / f"probes-{key_of(program, depth)}.arrow"


class Planner:
    """Makes the shards of a run."""

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule],
        cache: Cache,
        keys: tuple[str, str],
        running: Path,
        execution: Execution,
    ) -> None:
        self._settings, self._cache, self._running, self._execution = settings, cache, running, execution
        program, processor = keys
        self._made_by = (program, judges(rules, processor, settings.trainer))
        values = settings.model_dump(mode="json")
        judged = judging_alone(settings, load_processor(settings.processor))
        apart = NEUTRAL if settings.exact else judged | NEUTRAL  # the processor is asked under the run's limits
        measuring = {name: value for name, value in values.items() if name not in apart}
        self._measuring = key_of(
            program, processor, origin_of(settings.trainer), measuring, os.getcwd(), execution.hash_media
        )
        self.judging = judging_key(settings, rules)
        self.probes = probes_file(cache, program, settings, execution)
        self._ordinal = 0
        self._kept: dict[str, list[str]] | None = None
        self._made: set[Path] = set()
        self._speeds_file = cache.folder / "speeds.json"
        self._rows: dict[str, int] = {}
        with suppress(OSError, ValueError):
            self._rows = orjson.loads(self._speeds_file.read_bytes())

    def rows_per_shard(self, entry: EntryFacts) -> int | None:
        """Rows of a shard of this entry; None where its speed is not known yet."""
        return self._execution.shard_rows or self._rows.get(self._speed_key(entry))

    def learn(self, entry: EntryFacts, rows: int, seconds: float) -> None:
        """Take the size of the entry's shards from the speed of its first; `keep_speeds` keeps it for later runs."""
        wanted = round(rows / max(seconds, 1e-6) * SHARD_SECONDS)
        power = 1 << max(wanted.bit_length() - 1, 1)
        round_number = power + power // 2 if wanted >= power + power // 2 else power
        self._rows[self._speed_key(entry)] = min(max(round_number, FEWEST), MOST)

    def keep_speeds(self) -> None:
        """Write what was learnt, for later runs."""
        write_whole(self._speeds_file, orjson.dumps(self._rows))

    def _speed_key(self, entry: EntryFacts) -> str:
        return f"{self._settings.integrity} {entry.name}"

    def together(self, files: Iterable[DataFile]) -> Iterator[list[DataFile]]:
        """The files of a run, in order: each by itself, or small ones that one shard covers."""
        bundle: list[DataFile] = []
        rows = 0
        most = self._execution.shard_rows or BUNDLE_ROWS
        for data in files:
            small = self._is_small(data)
            if bundle and (not small or rows + data.survey.num_rows > most):
                yield bundle
                bundle, rows = [], 0
            if not small:
                yield [data]
                continue
            bundle.append(data)
            rows += data.survey.num_rows
            if data.ends_bundle:
                yield bundle
                bundle, rows = [], 0
        if bundle:
            yield bundle

    def _is_small(self, data: DataFile) -> bool:
        return data.survey.tables is None and data.survey.num_rows <= self._pilot and data.file.seen.size <= SMALL_BYTES

    @property
    def _pilot(self) -> int:
        return min(self._execution.shard_rows or PILOT, PILOT)

    def pilot(self, data: DataFile) -> Shard:
        """The first shard of a file; the only one of a small file."""
        whole = data.survey.num_rows <= self._pilot or data.survey.tables is not None
        return self.shard([data], 0, None if whole else self._pilot)

    def rest(self, data: DataFile, first: int, rows: int) -> Iterator[Shard]:
        """The shards of a file from a row on: a few small ones, which fill up the end of a run on several workers, then
        all of a size. Their bounds do not depend on the file's end: they keep when it grows. They cut
        a large row group as seldom as they can.
        """
        last = data.survey.num_rows
        small = () if self._execution.shard_rows else (rows // 4, rows // 4, rows // 2, rows // 2)
        sizes = chain(small, repeat(rows))
        asked = self._execution.shard_rows is not None or not data.path
        pieces = [] if asked else _pieces(costly_groups(locate(data.place), data.survey), rows)
        while first < last:
            wanted = max(next(sizes), min(rows, FEWEST))
            stop = _between(pieces, first, _within_bytes(data.survey, first, first + wanted))
            yield self.shard([data], first, stop if stop < last else None)
            first = stop

    def shard(self, files: Sequence[DataFile], first: int = 0, stop: int | None = None) -> Shard:
        """The shard of some rows of a file, or of all rows of several."""
        parts, keys = [], []
        for _, group in groupby(files, lambda data: data.entry.name):
            together = list(group)
            entry = together[0].entry
            starts = entry.order.starts
            names = [data.file.name for data in together]
            order = Order({name: starts[name] for name in names if name in starts}, entry.order.ranges)
            near = replace(entry, files=(), order=order)
            for data in together:
                part = _part(data, near, first, stop)
                parts.append(part)
                keys.append(self._key(part, data.path, (first, stop)))
        key = keys[0] if len(keys) == 1 else key_of(keys)
        self._ordinal += 1
        if files[0].survey.tables is not None:  # what lies elsewhere has no digest
            key = key_of(key, os.getpid(), self._ordinal)
        return Shard(
            ShardJob(
                ordinal=self._ordinal,
                settings=self._settings,
                parts=tuple(parts),
                target=self._cache.shard(f"{key}-{self.judging}"),
                folder=self._running,
                working=os.getcwd(),
                row_timeout=self._execution.row_timeout,
                made_by=self._made_by,
                probes=self.probes if self._execution.resume else self._running / "none",
                by_content=self._execution.hash_media,
                prefetch=self._execution.prefetch,
                prefetch_bytes=min(self._execution.prefetch << 20, worker_memory(self._execution, cores()) // 8),
                witness=self._execution.witness,
            )
        )

    def _key(self, part: Part, path: str, rows: tuple[int, int | None]) -> str:
        entry, survey = part.entry, part.file.survey
        assert survey is not None
        ranges = entry.order.ranges
        return key_of(
            self._measuring,
            [entry.name, entry.entry, entry.unchecked, part.file.name, path],
            _view(survey, entry),
            [*rows, part.span.digest],
            [
                entry.order.starts.get(part.file.name),
                [[one.start, one.stop] for one in ranges or ()],
                ranges is None,
            ],
        )

    def trust(self, results: Iterable[Path]) -> None:
        """Take these as results of this run, even where those of earlier runs are not wanted."""
        self._made.update(results)

    def look_up(self, shard: Shard, files: MediaFiles) -> None:
        """Mark a shard as done whose result lies in the cache; where only its facts do, have those judged anew."""
        target = shard.job.target
        if not self._execution.resume:
            shard.done = target in self._made
            return
        if self._is_current(target, files):
            shard.done = True
            os.utime(target)
            return
        measured = target.name.partition("-")[0]
        for name in self._measured(target.parent).get(measured, ()):
            other = target.with_name(name)
            if self._is_current(other, files):
                shard.job = replace(shard.job, facts=other)
                return

    def _is_current(self, path: Path, files: MediaFiles) -> bool:
        """Whether a result can be read, this program made it, and its media are what they were."""
        try:
            result = ShardResult(path)
        except (OSError, ValueError, KeyError):
            return False
        try:
            if result.program != self._made_by[0]:
                return False
            media = list(result.media)
            files.look_together([name for name, _ in media])
            return all(files.identify(name) == seen for name, seen in media)
        finally:
            result.close()

    def _measured(self, folder: Path) -> dict[str, list[str]]:
        """The names of the results that lie in the cache, by what they measured. Read once: a glob a shard would take
        as many steps as there are pairs of shards.
        """
        if self._kept is None:
            self._kept = {}
            for name in sorted(os.listdir(folder)):
                if name.endswith(".zip"):
                    self._kept.setdefault(name.partition("-")[0], []).append(name)
        return self._kept


def _part(data: DataFile, entry: EntryFacts, first: int, stop: int | None) -> Part:
    survey = data.survey
    end = sys.maxsize if stop is None else stop
    refusals = [item for item in survey.refusals if item.row is None or first <= item.row < end]
    near = replace(survey, refusals=refusals, marks=(), num_refusals=len(refusals))
    return Part(entry, replace(data.file, survey=near), data.place, span_of(survey, first, stop))


def _pieces(groups: Sequence[range], rows: int) -> list[range]:
    """Row groups as shards take them, each part being read from its group's beginning on: whole where that is no more
    than three shards of some rows, else in halves, or in more parts where these are too many rows.
    """
    found = []
    for group in groups:
        number = 1 if len(group) <= 3 * rows else max(2, -(-len(group) // MOST))
        places = [group.start + len(group) * part // number for part in range(number + 1)]
        found += [range(start, stop) for start, stop in pairwise(places) if start < stop]
    return found


def _between(pieces: Sequence[range], first: int, stop: int) -> int:
    """The end of some rows, moved to the beginning or the end of the piece that it would cut."""
    place = bisect_right(pieces, stop, key=lambda piece: piece.start) - 1
    if place < 0 or stop >= pieces[place].stop:
        return stop
    begin = pieces[place].start
    return begin if first < begin and begin >= (first + stop) // 2 else pieces[place].stop


def _within_bytes(survey: Survey, first: int, stop: int) -> int:
    """Shorten a range of rows so that it covers no more than MOST_BYTES, at a mark."""
    marks = survey.marks[:-1]
    begin = bisect_right(marks, first, key=lambda mark: mark.row)
    if begin >= len(marks):
        return stop
    end = bisect_right(marks, marks[begin].offset + MOST_BYTES, lo=begin, key=lambda mark: mark.offset)
    return stop if end >= len(marks) else max(min(stop, marks[end].row), first + 1)


def _view(survey: Survey, entry: EntryFacts) -> object:
    """What the rows of a shard are seen through, besides their bytes."""
    if survey.tables is not None or entry.entry is None:
        return None
    plain = to_plain(survey)
    whole = entry.settings.profile.reads_whole_rows
    if survey.layout in ("lines", "array", "values") and survey.own is None and not whole:  # columns that are not used
        wanted = {name for name in entry.entry.columns.values() if name is not None}
        plain["types"] = [[name, str(kind)] for name, kind in sorted(survey.types.items()) if name in wanted]
        plain["fixed"] = None
    return [*(plain[name] for name in ("layout", "types", "fixed", "own", "refusals")), survey.mixed]
