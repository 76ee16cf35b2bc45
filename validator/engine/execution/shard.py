"""Checks one shard: rows -> facts -> findings, written to a result file. Runs in a worker process."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.catalog.marks import Span
from validator.engine.execution.judge import Judge, status_of
from validator.engine.execution.kept import Kept
from validator.engine.execution.marker import BETWEEN, Marker
from validator.engine.execution.probes import Probes
from validator.engine.execution.results import ResultWriter, ShardState
from validator.engine.execution.stored import judge_stored, records_of
from validator.engine.program import judges, program
from validator.engine.run_files.summary import DatasetCounts, Tally
from validator.errors import ChangedDataError
from validator.facts.budget import Limits
from validator.facts.measure import Begun, Measurer, limits_of
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.facts.table import to_row
from validator.rules.base import EntryFacts, FileFacts
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """One shard to check, self-contained: a worker needs nothing else but the files.

    `entry` comes without its other files. `facts`: the result of a shard that holds facts of the same rows, or a
    samples.parquet in which they begin at record `facts_begin`; `kept`: findings of these rows that need not be made
    again. `probes`: where probes of earlier runs lie;
    `made_by`: the keys of the program and of what judges, which must be those of the worker;
    `prefetch`, `prefetch_bytes`: media that are asked for at a time, and bytes of them that wait; `witness`: asked
    about every row.
    `lost`: rows that are not to be touched again, and why. `folder`: where processes mark their places; `working`: the
    folder that relative paths start from.
    """

    ordinal: int
    settings: Settings
    entry: EntryFacts
    file: FileFacts
    path: str
    span: Span
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
        assert self.file.survey is not None
        stop = self.file.survey.num_rows if self.span.stop is None else self.span.stop
        return max(stop - self.span.first, 0)


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
    surveyed, and StrangerError where this process would judge otherwise than the one that asks.
    """
    if os.getcwd() != job.working:
        os.chdir(job.working)
    settings, entry = job.settings, job.entry
    assert entry.entry is not None and job.file.survey is not None
    processor, rules = load_processor(settings.processor), choose_rules(settings)[0]
    made_by = program(exact=settings.exact), judges(rules, processor.fingerprint, settings.trainer)
    if made_by != job.made_by:
        raise StrangerError(_stranger(made_by[0] == job.made_by[0]))
    limits = limits_of(settings, processor)
    judge = Judge(rules, entry, limits)
    local = entry.entry.source in ("file", "script")
    probes = Probes(job.probes)
    root = settings.resolved_media_dir if local else ""
    ahead = Ahead(job.prefetch, job.prefetch_bytes)
    files = MediaFiles(root, probes, by_content=job.by_content, ahead=ahead)
    tally = Tally({entry.name: DatasetCounts()})
    writer = ResultWriter()
    marker.begin(job.ordinal, job.attempt, job.row_timeout)
    begun = time.monotonic()
    rows = media = number = 0
    for samples, findings in _stored(job, judge, limits) if job.facts is not None else ():
        writer.add_batches(samples, findings)
        tally.add_rows(samples)
        counts = samples.num_rows, len(samples["media"].flatten()), findings.num_rows
        marker.done(*counts)
        rows, media, number = rows + counts[0], media + counts[1], number + counts[2]
    with closing(files):
        for batch in _measured(job, files, marker) if job.facts is None else ():
            for facts in batch:
                settle(facts, limits)
            judged = [(facts, judge.row(facts)) for facts in batch]
            for facts, findings in judged:
                status = status_of(facts, findings)
                writer.add(to_row(facts, status), findings)
                tally.add_row(facts, status)
            counts = len(batch), sum(len(facts.media) for facts in batch), sum(len(findings) for _, findings in judged)
            marker.done(*counts)
            rows, media, number = rows + counts[0], media + counts[1], number + counts[2]
    marker.end()
    if not (job.facts or job.lost or job.file.survey.tables):
        _verify(job)
    state = ShardState(tally, judge.aggregates, files.seen, list(probes.fresh.values()), made_by[0])
    writer.write(job.target, state, judge.adapters)
    return ShardDone(job.ordinal, rows, media, number, time.monotonic() - begun)


def _stranger(same_program: bool) -> str:
    what = (
        "has other files of rules or another processor under the same paths" if same_program else "is another program"
    )
    return f"the worker {os.getpid()} on {socket.gethostname()} {what}: its results would not be this command's"


def _verify(job: ShardJob) -> None:
    """What was read by its digests may have been touched meanwhile, but not grown."""
    seen, now = job.file.seen, look(job.path)
    if now != seen and not (job.span.stretches and (now.kind, now.size) == (seen.kind, seen.size)):
        raise ChangedDataError(_changed(job))


def _changed(job: ShardJob) -> str:
    return f"the file `{job.file.name}` changed while it was read"


def _stored(job: ShardJob, judge: Judge, limits: Limits) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Rows whose facts were measured earlier."""
    assert job.facts is not None
    file, rows = (job.entry.name, job.file.name), (job.span.first, job.span.stop)
    return judge_stored(records_of(job.facts, job.facts_begin, file, rows), job.facts, job.kept, judge, limits)


def _measured(job: ShardJob, files: MediaFiles, marker: Marker) -> Iterator[list[RowFacts]]:
    assert job.entry.entry is not None and job.file.survey is not None
    measurer = Measurer(job.entry.entry, job.file.name, job.file.survey, job.settings, files)
    order, lost = job.entry.order, dict(job.lost)
    witness = job.witness(measurer) if job.witness is not None else None
    selected = (raw for raw in _rows(job) if order.place(job.file.name, raw.index) is not None)
    if job.entry.unchecked is not None:
        yield from _batches(map(measurer.leave_unchecked, selected))
        return
    for raws, begun in _begun_ahead(measurer, _batches(selected, files.rows_alone), lost):
        batch = measurer.finish(begun, marker.at)
        if witness is not None:
            for raw, facts in zip((raw for raw in raws if raw.index not in lost), batch, strict=True):
                marker.at(raw.index)
                facts.disagreement = witness(raw, facts)
        batch += [measurer.leave_unchecked(raw, lost[raw.index]) for raw in raws if raw.index in lost]
        yield sorted(batch, key=lambda facts: facts.row) if lost else batch


def _begun_ahead(
    measurer: Measurer, batches: Iterator[list[RawRow]], lost: Container[int]
) -> Iterator[tuple[list[RawRow], Begun]]:
    """Batches of rows whose media were asked for while those before were measured."""
    waiting: deque[tuple[list[RawRow], Begun]] = deque()
    while True:
        while not waiting or (measurer.files.wants_more and len(waiting) < MOST_AHEAD):
            if (raws := next(batches, None)) is None:
                break
            waiting.append((raws, measurer.begin([raw for raw in raws if raw.index not in lost])))
        if not waiting:
            return
        yield waiting.popleft()


def _batches(items: Iterable[Item], first: int | None = None) -> Iterator[list[Item]]:
    """Some at a time; `first`: how many the first time."""
    iterator = iter(items)
    while batch := list(islice(iterator, first or TOGETHER)):
        first = None
        yield batch


def _rows(job: ShardJob) -> Iterator[RawRow]:
    """The rows of the span; where the file is no longer what was surveyed, the rest of them unread."""
    survey = job.file.survey
    assert survey is not None and job.entry.entry is not None
    floats = job.entry.entry.formatting == "openai"  # tools are written into the prompt as JSON
    next_row = job.span.first
    reason = None
    if job.lost and job.lost[0][0] == BETWEEN:  # reading is what it died of
        reason = job.lost[0][1]
    else:
        try:
            for row in file_rows(locate(job.path), survey, job.span, loader_floats=floats):
                yield row
                next_row = row.index + 1
        except (ChangedDataError, OSError):
            reason = _changed(job)
    stop = job.span.stop if job.span.stop is not None else survey.num_rows
    if reason is not None:
        for index in range(next_row, stop):
            yield RawRow(index, 0, b"", None, reason, unread=True)
