"""Divides the files of a run into shards, and names the result of each by everything that it depends on."""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain, repeat
from pathlib import Path

import orjson

from validator.catalog.marks import span_of
from validator.catalog.split import Order
from validator.catalog.survey import Survey
from validator.catalog.survey_record import to_plain
from validator.engine.cache import Cache
from validator.engine.execution.results import ShardResult
from validator.engine.execution.shard import ShardJob
from validator.engine.keys import key_of
from validator.engine.program import judges
from validator.execution import Execution, cores, worker_memory
from validator.rules.base import EntryFacts, FileFacts, Rule
from validator.settings import JUDGING, NEUTRAL, Settings
from validator.storage.media_files import MediaFiles
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


@dataclass(slots=True)
class Shard:
    """A part of the plan. `seconds`: how long it took, where it was made in this run. `deaths` counts processes that
    died of it, `suspect` is the row that the last one was at.
    """

    job: ShardJob
    done: bool = False
    seconds: float | None = None
    deaths: int = 0
    suspect: int | None = None


def judging_key(settings: Settings, rules: Sequence[Rule]) -> str:
    """A key of what decides which findings facts give."""
    values = settings.model_dump(mode="json")
    return key_of(
        {name: values[name] for name in sorted(JUDGING)},
        [[rule.code, rule.origin, rule.severity] for rule in rules],
        {name: [own["ignore"], own["severity"]] for name, own in sorted(values["per_dataset"].items())},
    )


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
        apart = NEUTRAL if settings.exact else JUDGING | NEUTRAL  # the processor is asked under the run's limits
        measuring = {name: value for name, value in values.items() if name not in apart}
        self._measuring = key_of(
            program, processor, origin_of(settings.trainer), measuring, os.getcwd(), execution.hash_media
        )
        self.judging = judging_key(settings, rules)
        depth = [settings.integrity, settings.preview, execution.hash_media]
        self.probes = cache.folder / f"probes-{key_of(program, depth)}.arrow"
        self._ordinal = 0
        self._kept: dict[str, list[str]] | None = None
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

    def pilot(self, entry: EntryFacts, file: FileFacts, path: str) -> Shard:
        """The first shard of a file; the only one of a small file."""
        assert file.survey is not None
        rows = min(self._execution.shard_rows or PILOT, PILOT)
        whole = file.survey.num_rows <= rows or file.survey.tables is not None
        return self.shard(entry, file, path, 0, None if whole else rows)

    def rest(self, entry: EntryFacts, file: FileFacts, path: str, first: int, rows: int) -> Iterator[Shard]:
        """The shards of a file from a row on: a few small ones, which fill up the end of a run on several workers, then
        all of a size. Their bounds do not depend on the file's end: they keep when it grows.
        """
        assert file.survey is not None
        last = file.survey.num_rows
        small = () if self._execution.shard_rows else (rows // 4, rows // 4, rows // 2, rows // 2)
        sizes = chain(small, repeat(rows))
        while first < last:
            stop = _within_bytes(file.survey, first, first + max(next(sizes), min(rows, FEWEST)))
            yield self.shard(entry, file, path, first, stop if stop < last else None)
            first = stop

    def shard(self, entry: EntryFacts, file: FileFacts, path: str, first: int, stop: int | None) -> Shard:
        """The shard of some rows."""
        survey = file.survey
        assert survey is not None
        span = span_of(survey, first, stop)
        end = sys.maxsize if stop is None else stop
        refusals = [item for item in survey.refusals if item.row is None or first <= item.row < end]
        near = replace(survey, refusals=refusals, marks=(), num_refusals=len(refusals))
        start = entry.order.starts.get(file.name)
        order = Order({} if start is None else {file.name: start}, entry.order.ranges)
        key = key_of(
            self._measuring,
            [entry.name, entry.entry and asdict(entry.entry), entry.unchecked, file.name, path],
            _view(near, entry),
            [first, stop, span.digest],
            [start, [[part.start, part.stop] for part in order.ranges or ()], order.ranges is None],
        )
        self._ordinal += 1
        if survey.tables is not None:  # what lies elsewhere has no digest
            key = key_of(key, os.getpid(), self._ordinal)
        return Shard(
            ShardJob(
                ordinal=self._ordinal,
                settings=self._settings,
                entry=replace(entry, files=(), order=order),
                file=replace(file, survey=near),
                path=path if file.packed is None else file.packed.place,
                span=span,
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

    def look_up(self, shard: Shard, files: MediaFiles) -> None:
        """Mark a shard as done whose result lies in the cache; where only its facts do, have those judged anew."""
        if not self._execution.resume:
            return
        target = shard.job.target
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
