"""Checks one shard: rows -> facts -> findings, written to a result file. Runs in a worker process."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from validator.carried import carried
from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.catalog.marks import Span
from validator.catalog.survey import DamagedDataError
from validator.engine.execution.judge import Judge, status_of
from validator.engine.execution.kept import Kept
from validator.engine.execution.marker import BETWEEN, Marker
from validator.engine.execution.probes import Probes
from validator.engine.execution.results import ResultWriter, ShardState
from validator.engine.execution.rulebook import Rulebooks
from validator.engine.execution.stored import Records, judge_stored
from validator.engine.program import judges, program
from validator.engine.run_files.summary import DatasetCounts, Tally
from validator.errors import ChangedDataError
from validator.facts.budget import Limits
from validator.facts.measure import Measurer, Together
from validator.facts.recipe import limits_of
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.facts.table import to_row
from validator.rules.base import EntryFacts, FileFacts, Rule
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.storage.ahead import Ahead
from validator.storage.fetched import PREFETCH
from validator.storage.media_files import MediaFiles
from validator.storage.paths import look
from validator.storage.remote import locate
from validator.tokens.processor import load_processor

TOGETHER = 64
"""Rows that are measured step by step together."""
MOST_AHEAD = 8
"""Such batches whose media are asked for before they are used."""
Item = TypeVar("Item")


@carried
@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one file. `entry` comes without its files, in one piece for all parts of it that a shard has."""

    entry: EntryFacts
    file: FileFacts
    path: str
    span: Span

    @property
    def key(self) -> tuple[str, str]:
        """(dataset, file)."""
        return self.entry.name, self.file.name

    @property
    def stop(self) -> int:
        """The row behind the last, as surveyed."""
        assert self.file.survey is not None
        return self.file.survey.num_rows if self.span.stop is None else self.span.stop

    @property
    def rows(self) -> int:
        """Number of rows, as surveyed."""
        return max(self.stop - self.span.first, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """One shard to check, self-contained: a worker needs nothing else but the files.

    `parts`: rows of one file, or several small files, in the order of the run. `facts`: the result of a shard that
    holds facts of the same rows, or a samples.parquet in which they begin at record `facts_begin`; `kept`: findings of
    these rows, which are of one file, that need not be made again. `probes`: where probes of earlier runs lie;
    `made_by`: the keys of the program and of what judges, which must be those of the worker;
    `prefetch`, `prefetch_bytes`: media that are asked for at a time, and bytes of them that wait; `witness`: asked
    about every row.
    `lost`: rows, of the only part, that are not to be touched again, and why. `folder`: where processes mark their
    places; `working`: the folder that relative paths start from.
    """

    ordinal: int
    settings: Settings
    parts: tuple[Part, ...]
    target: Path
    folder: Path
    working: str
    row_timeout: float
    made_by: tuple[str, str]
    probes: Path
    by_content: bool = False
    prefetch: int = PREFETCH
    prefetch_bytes: int = PREFETCH << 20
    witness: Callable[[Measurer], Callable[[RawRow, RowFacts], str | None]] | None = None
    facts: Path | None = None
    facts_begin: int = 0
    kept: Kept | None = None
    lost: tuple[tuple[int, str], ...] = ()
    attempt: int = 0

    @property
    def rows(self) -> int:
        """Number of rows, as surveyed."""
        return sum(part.rows for part in self.parts)

    def done_by(self, marker: Marker) -> ShardDone:
        """What a worker makes of the job. Raises as `check_shard` does."""
        return check_shard(self, marker)


@dataclass(frozen=True, slots=True)
class ShardDone:
    """What comes back of a checked shard: counts, and the seconds that its rows took."""

    ordinal: int
    rows: int
    media: int
    findings: int
    seconds: float


class StrangerError(Exception):
    """This process judges otherwise than the one that asks. The message is a sentence."""


def check_shard(job: ShardJob, marker: Marker) -> ShardDone:
    """Check the rows of a job and write its result.

    Raises OSError where the result cannot be written, ChangedDataError where the file is no longer the one that was
    surveyed, DamagedDataError where it must be surveyed to its end, and StrangerError where this process would judge
    otherwise than the one that asks.
    """
    enter(job)
    settings = job.settings
    processor, rules = load_processor(settings.processor), choose_rules(settings)[0]
    check_same_program(job, rules)
    limits = limits_of(settings, processor)
    probes = Probes(job.probes)
    root = settings.resolved_media_dir if _is_local(job) else ""
    ahead = Ahead(job.prefetch, job.prefetch_bytes)
    files = MediaFiles(root, probes, by_content=job.by_content, ahead=ahead)
    rulebooks = Rulebooks(rules, settings)
    entries = {part.entry.name: part.entry for part in job.parts}
    judging = {name: Judge(rulebooks.of(name), entry, limits) for name, entry in entries.items()}
    making = _Making(marker, judging)
    marker.begin(job.ordinal, job.attempt, job.row_timeout)
    begun = time.monotonic()
    if job.facts is None:
        with closing(files):
            making.measured(_measured(job, files, marker), limits)
    else:
        records = Records(job.facts, job.facts_begin)
        for part in job.parts:
            found = records.of(part.key, (part.span.first, part.span.stop))
            making.stored(judge_stored(found, job.facts, job.kept, judging[part.entry.name], limits))
    marker.end()
    for part in job.parts if not (job.facts or job.lost) else ():
        _verify(part)
    state = ShardState(making.tally, files.seen, list(probes.fresh.values()), job.made_by[0])
    making.writer.write(job.target, state, judging.values())
    return ShardDone(job.ordinal, *making.counts, time.monotonic() - begun)


def enter(job: ShardJob) -> None:
    """Go to the folder that the job's relative paths start from."""
    if os.getcwd() != job.working:
        os.chdir(job.working)


def check_same_program(job: ShardJob, rules: Sequence[Rule]) -> None:
    """Raise StrangerError where this process would judge otherwise than the one that asks."""
    settings = job.settings
    fingerprint = load_processor(settings.processor).fingerprint
    made_by = program(exact=settings.exact), judges(rules, fingerprint, settings.trainer)
    if made_by != job.made_by:
        raise StrangerError(_stranger(made_by[0] == job.made_by[0]))


class _Making:
    """The result of a job while it is made, with its `counts`: rows, media and findings."""

    def __init__(self, marker: Marker, judges: Mapping[str, Judge]) -> None:
        self._marker, self._judges = marker, judges
        self.tally = Tally({name: DatasetCounts() for name in judges})
        self.writer = ResultWriter()
        self.counts = (0, 0, 0)

    def stored(self, batches: Iterable[tuple[pa.RecordBatch, pa.RecordBatch]]) -> None:
        """Take rows that were measured earlier, with their findings, as columns."""
        for samples, findings in batches:
            self.writer.add_batches(samples, findings)
            self.tally.add_rows(samples, findings)
            self._count(samples.num_rows, len(samples["media"].flatten()), findings.num_rows)

    def measured(self, batches: Iterable[list[RowFacts]], limits: Limits) -> None:
        """Settle and judge rows that are measured now."""
        for batch in batches:
            for facts in batch:
                settle(facts, limits)
            judged = [(facts, self._judges[facts.dataset].row(facts)) for facts in batch]
            for facts, findings in judged:
                status = status_of(facts, findings)
                self.writer.add(to_row(facts, status), findings)
                self.tally.add_row(facts, status, findings)
            media, number = sum(len(facts.media) for facts in batch), sum(len(findings) for _, findings in judged)
            self._count(len(batch), media, number)

    def _count(self, *counts: int) -> None:
        self._marker.done(*counts)
        rows, media, findings = (old + new for old, new in zip(self.counts, counts, strict=True))
        self.counts = rows, media, findings


def _is_local(job: ShardJob) -> bool:
    """Whether media are paths below the media folder: parts that lie elsewhere stand alone."""
    entry = job.parts[0].entry.entry
    assert entry is not None
    return entry.source in ("file", "script")


def _stranger(same_program: bool) -> str:
    what = (
        "has other files of rules or another processor under the same paths" if same_program else "is another program"
    )
    return f"the worker {os.getpid()} on {socket.gethostname()} {what}: its results would not be this command's"


def _verify(part: Part) -> None:
    """What was read by its digests may have been touched meanwhile, but not grown."""
    survey = part.file.survey
    assert survey is not None
    if survey.tables is not None:
        return
    seen, now = part.file.seen, look(part.path)
    if now != seen and not (part.span.stretches and (now.kind, now.size) == (seen.kind, seen.size)):
        raise ChangedDataError(_changed(part))


def _changed(part: Part) -> str:
    return f"the file `{part.file.name}` changed while it was read"


class _Taken(NamedTuple):  # one is made of each row
    """A row that the entry selects. It is `skipped` where it is not to be touched, for a reason."""

    measurer: Measurer
    raw: RawRow
    witness: Callable[[RawRow, RowFacts], str | None] | None
    skipped: bool
    reason: str | None


def _taken(job: ShardJob, files: MediaFiles) -> Iterator[_Taken]:
    lost = dict(job.lost)
    for part in job.parts:
        entry, file = part.entry, part.file
        assert entry.entry is not None and file.survey is not None
        measurer = Measurer(entry.entry, file.name, file.survey, job.settings, files)
        witness = job.witness(measurer) if job.witness is not None else None
        for raw in _rows(part, job.lost):
            if entry.order.place(file.name, raw.index) is not None:
                whole = entry.unchecked is not None
                reason = None if whole else lost.get(raw.index)
                yield _Taken(measurer, raw, witness, whole or raw.index in lost, reason)


def _measured(job: ShardJob, files: MediaFiles, marker: Marker) -> Iterator[list[RowFacts]]:
    for batch, begun in _begun_ahead(_batches(_taken(job, files), files.rows_alone), files):
        found = iter(begun.facts(marker.at))
        facts = [row.measurer.leave_unchecked(row.raw, row.reason) if row.skipped else next(found) for row in batch]
        for row, mine in zip(batch, facts, strict=True):
            if row.witness is not None and not row.skipped:
                marker.at(row.raw.index)
                mine.disagreement = row.witness(row.raw, mine)
        yield facts


def _begun_ahead(batches: Iterator[list[_Taken]], files: MediaFiles) -> Iterator[tuple[list[_Taken], Together]]:
    """Batches of rows whose media were asked for while those before were measured."""
    waiting: deque[tuple[list[_Taken], Together]] = deque()
    while True:
        while not waiting or (files.wants_more and len(waiting) < MOST_AHEAD):
            if (batch := next(batches, None)) is None:
                break
            waiting.append((batch, Together([(row.measurer, row.raw) for row in batch if not row.skipped], files)))
        if not waiting:
            return
        yield waiting.popleft()


def _batches(items: Iterable[Item], first: int | None = None) -> Iterator[list[Item]]:
    """Some at a time; `first`: how many the first time."""
    iterator = iter(items)
    while batch := list(islice(iterator, first or TOGETHER)):
        first = None
        yield batch


def _rows(part: Part, lost: Sequence[tuple[int, str]]) -> Iterator[RawRow]:
    """The rows of the span; where the file is no longer what was surveyed, the rest of them unread. Raises
    DamagedDataError where it cannot be read although it is what was surveyed.
    """
    survey = part.file.survey
    assert survey is not None and part.entry.entry is not None
    floats = part.entry.entry.formatting == "openai"  # tools are written into the prompt as JSON
    next_row = part.span.first
    reason = None
    if lost and lost[0][0] == BETWEEN:  # reading is what it died of
        reason = lost[0][1]
    else:
        try:
            for row in file_rows(locate(part.path), survey, part.span, loader_floats=floats):
                yield row
                next_row = row.index + 1
        except DamagedDataError:
            if look(part.path) == part.file.seen:
                raise
            reason = _changed(part)
        except (ChangedDataError, OSError):
            reason = _changed(part)
    if reason is not None:
        for index in range(next_row, part.stop):
            yield RawRow(index, 0, b"", None, reason, unread=True)
