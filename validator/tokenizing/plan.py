"""Which rows of a run are written, in which order, and by which job each is encoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validator.conversation.sample import MediaKind
from validator.engine.rejudge import ranges_of
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Reason, plain
from validator.exporting.verdicts import Verdicts
from validator.facts.columns import numbers_of
from validator.rules.base import EntryFacts, FileFacts
from validator.training.feeding import Feeding, Packing
from validator.training.mixing import held_out, mixed
from validator.training.order import Indices

JOB_ROWS = 4096
"""Rows that are encoded by one job, which is one file of the folder where the rows stay in their order."""
Mask = NDArray[np.bool_]
_FOLLOW_FROM_ROWS = frozenset(("DI006", "DI008", "DI009"))
"""Errors of entries that are gone with the rows that cause them."""
_DROPPED = Reason("", "error", "the trainer drops the row")
_STOPS = Reason("", "error", "the trainer stops at the row, or nobody has looked at it: it has no tokens")


@dataclass(frozen=True, slots=True)
class FilePiece:
    """Rows `first` to `stop` (excluded) of a file, those that are `kept`; their records begin at `begin` in
    samples.parquet, of which there are as many as `kept` has elements.
    """

    entry: EntryFacts
    file: FileFacts
    first: int
    stop: int
    begin: int
    kept: Mask


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split by their places among all rows that jobs write, and the kinds of media that any has. `jobs`
    are those that write it as it is, one after the other; None where it is put together of rows of several.
    """

    name: str
    rows: Indices
    kinds: frozenset[MediaKind]
    jobs: tuple[int, ...] | None
    packed: tuple[int, ...] = ()
    """Where rows are packed: the number of rows that are packed together, in turn."""


@dataclass(slots=True)
class RowPlan:
    """`jobs` with the pieces that each writes; `starts`: the number of rows that the jobs before it write."""

    jobs: list[tuple[FilePiece, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    text_tokens: int = 0
    """Of all rows that are written, before any is cut."""

    def kinds_of(self, job: int) -> frozenset[MediaKind]:
        """The kinds of media of the splits that a job's rows may be in."""
        mine = (split.kinds for split in self.splits if split.jobs is None or job in split.jobs)
        return frozenset().union(*mine)


@dataclass(slots=True)
class _RunRows:
    """The rows of a run by their places in samples.parquet."""

    dropped: Mask
    kept: Mask
    has: dict[MediaKind, Mask]
    texts: Indices
    files: dict[tuple[str, str], tuple[int, Indices]] = field(default_factory=dict)
    """Of each file the place of its first row, and the numbers of its rows."""


def make_plan(run: FinishedRun, entries: Mapping[str, EntryFacts], verdicts: Verdicts, feeding: Feeding) -> RowPlan:
    """Decide for every row. Raises ValueError, a sentence, where the order or the rows are not those of the trainer."""
    plan = RowPlan()
    names = tuple(dict.fromkeys((*feeding.train, *feeding.evaluation)))
    for name in names:
        _check_entry(entries[name], verdicts)
    rows = _rows_of(run)
    for name in sorted(names):
        _leave_out(entries[name], verdicts, rows, plan.left_out)
    orders = {name: _in_order(entries[name], rows) for name in names}

    def of(some: Sequence[str]) -> list[Indices]:
        parts = [orders[name][rows.kept[orders[name]] | rows.dropped[orders[name]]] for name in some]
        return parts if feeding.max_samples is None else [part[: max(feeding.max_samples, 0)] for part in parts]

    splits: dict[str, Indices] = {}
    if feeding.train:
        read = mixed(of(feeding.train), feeding.mix_strategy, feeding.weights, feeding.seed)
        train, validation = held_out(read, feeding.val_size, feeding.seed)
        splits["train"] = train
        if feeding.val_size > 1e-6:
            splits["validation"] = validation
    if feeding.each:
        splits |= {f"validation_{name}": of([name])[0] for name in feeding.evaluation}
    elif feeding.evaluation:
        splits["validation"] = mixed(of(feeding.evaluation), feeding.mix_strategy, feeding.weights, feeding.seed)
    packed = {
        name: _batches(rows.kept[places], feeding.packing) if feeding.packing else () for name, places in splits.items()
    }
    splits = {name: places[rows.kept[places]] for name, places in splits.items()}
    if empty := [name for name, places in splits.items() if not len(places)]:
        raise ValueError(f"No row is left of the split {empty[0]}: the trainer would stop there.")
    used = np.zeros(len(rows.kept), bool)
    for places in splits.values():
        used[places] = True
    for name in names:
        plan.jobs += _jobs(entries[name], rows, used)
    plan.text_tokens = int(rows.texts[used].sum())
    written = [_places(job) for job in plan.jobs]
    plan.starts = np.cumsum([0, *map(len, written)]).tolist()
    place_of = np.full(len(used), -1, np.int64)
    if written:
        everything = np.concatenate(written)
        place_of[everything] = np.arange(len(everything))
    taken: set[int] = set()
    for name, places in splits.items():
        kinds = frozenset(kind for kind, has in rows.has.items() if has[places].any())
        jobs = _whole_jobs(place_of[places], plan.starts)
        jobs = None if jobs is None or taken & set(jobs) or feeding.packing else jobs
        taken |= set(jobs or ())
        plan.splits.append(Split(name, place_of[places], kinds, jobs, packed[name]))
    return plan


def _batches(kept: Mask, packing: Packing) -> tuple[int, ...]:
    """How many of the rows that are kept are packed together: those that the trainer drops take places. Source:
    `datasets` 4.0.0 `Dataset.map` (batches of each process, which has rows that follow each other).
    """
    number = len(kept)
    processes = min(packing.processes, max(number, 1))
    share, more = divmod(number, processes)
    starts = [process * share + min(process, more) for process in range(processes + 1)]
    ends = [
        min(place + packing.batch, stop)
        for start, stop in pairwise(starts)
        for place in range(start, stop, packing.batch)
    ]
    return tuple(int(kept[start:stop].sum()) for start, stop in pairwise([0, *ends]))


def _check_entry(facts: EntryFacts, verdicts: Verdicts) -> None:
    """Raise ValueError where an entry is none that can be written, or one of which the rows are drawn."""
    where = f"The dataset {facts.name} cannot be written"
    if facts.unchecked is not None or facts.entry is None:
        raise ValueError(f"{where}: {facts.unchecked or facts.fault}.")
    if facts.entry.source != "file":
        raise ValueError(f"{where}: its data is not in a local file.")
    if facts.entry.ranking:
        raise ValueError(f"{where}: its rows are pairs of answers, which stages other than `sft` train on.")
    if facts.entry.num_samples is not None:
        raise ValueError(
            f"{where}: `num_samples` has the trainer draw rows at random, different ones each time. Remove it."
        )
    for against in verdicts.against.get(facts.name, ()):
        reason = against.reason
        if reason.code not in _FOLLOW_FROM_ROWS and verdicts.policy.drops(reason):
            raise ValueError(
                f"{where}: {reason.code} {reason.message}. Fix it, write a copy with `mmvalidate export`, or add "
                f"--keep {reason.code}."
            )
    if facts.fault is not None:
        raise ValueError(f"{where}: {facts.fault}.")
    if any(file.survey is None for file in facts.files):
        raise ValueError(f"{where}: one of its files cannot be read.")


def _rows_of(run: FinishedRun) -> _RunRows:
    outcomes: list[Indices] = []
    texts: list[Indices] = []
    has: dict[MediaKind, list[Mask]] = {"image": [], "video": []}
    with run.samples_table(["outcome"]) as samples:
        for batch in samples.batches(["outcome", "num_text_tokens", "num_images", "num_videos"]):
            texts.append(numbers_of(batch["num_text_tokens"]))
            words = batch["outcome"].dictionary.to_pylist()
            codes = np.array([("ok", "dropped").index(word) if word in ("ok", "dropped") else 2 for word in words])
            outcomes.append(codes[numbers_of(batch["outcome"].indices)] if words else np.empty(0, np.int64))
            for kind, found in has.items():
                found.append(numbers_of(batch[f"num_{kind}s"]) > 0)
    outcome = np.concatenate([np.empty(0, np.int64), *outcomes])
    media: dict[MediaKind, Mask] = {kind: np.concatenate([np.empty(0, bool), *found]) for kind, found in has.items()}
    rows = _RunRows(outcome == 1, outcome == 0, media, np.concatenate([np.empty(0, np.int64), *texts]))
    for key, begin, numbers in ranges_of(run):
        rows.files[key] = begin, np.array(numbers, np.int64)
    return rows


def _leave_out(facts: EntryFacts, verdicts: Verdicts, rows: _RunRows, told: list[dict[str, Any]]) -> None:
    """Mark the rows of an entry that are not written, and list them with the reasons."""
    for file in facts.files:
        begin, numbers = rows.files.get((facts.name, file.name), (0, np.empty(0, np.int64)))
        for found in verdicts.of((facts.name, file.name)):
            place = begin + int(np.searchsorted(numbers, found.row))
            reasons = found.reasons
            if not rows.kept[place]:
                reasons = reasons or ((_DROPPED if rows.dropped[place] else _STOPS),)
            if not reasons:
                continue
            rows.kept[place] = False
            told.append(
                {
                    "dataset": facts.name,
                    "file": file.name,
                    "row": found.row,
                    "sample_id": found.sample_id,
                    "code": reasons[0].code,
                    "dropped_by_trainer": bool(rows.dropped[place]),
                    "reasons": plain(reasons),
                }
            )


def _in_order(facts: EntryFacts, rows: _RunRows) -> Indices:
    """The places of an entry's rows as the trainer reads them; a split may name rows again."""
    order = facts.order
    files = sorted(facts.files, key=lambda file: order.starts.get(file.name, 0))
    found = [rows.files.get((facts.name, file.name), (0, np.empty(0, np.int64))) for file in files]
    places = np.concatenate([np.empty(0, np.int64), *(begin + np.arange(len(numbers)) for begin, numbers in found)])
    if order.ranges is None:
        return places
    starts = (order.starts.get(file.name, 0) for file in files)
    numbers = np.concatenate([start + numbers for start, (_, numbers) in zip(starts, found, strict=True)])
    asked = np.concatenate([np.arange(part.start, part.stop) for part in order.ranges])
    return places[np.searchsorted(numbers, asked)]


def _jobs(facts: EntryFacts, rows: _RunRows, used: Mask) -> Iterator[tuple[FilePiece, ...]]:
    """The pieces of an entry's files whose rows are used, some thousand rows together."""
    together: list[FilePiece] = []
    held = 0
    for file in sorted(facts.files, key=lambda file: facts.order.starts.get(file.name, 0)):
        begin, numbers = rows.files.get((facts.name, file.name), (0, np.empty(0, np.int64)))
        place = 0
        while place < len(numbers):
            some = min(JOB_ROWS - held, len(numbers) - place)
            kept = used[begin + place : begin + place + some]
            if kept.any():
                first, stop = int(numbers[place]), int(numbers[place + some - 1]) + 1
                together.append(FilePiece(facts, file, first, stop, begin + place, kept))
            held, place = held + some, place + some
            if held == JOB_ROWS:
                if together:
                    yield tuple(together)
                together, held = [], 0
    if together:
        yield tuple(together)


def _places(job: Sequence[FilePiece]) -> Indices:
    """The places in samples.parquet of the rows that a job writes, in the order in which it does."""
    return np.concatenate([piece.begin + np.flatnonzero(piece.kept) for piece in job])


def _whole_jobs(rows: Indices, starts: Sequence[int]) -> tuple[int, ...] | None:
    """The jobs whose rows these are, all of each and in its order; None where they are not."""
    numbers = np.searchsorted(starts, rows, "right") - 1
    jobs = [job for job, _ in groupby(numbers.tolist())]
    if len(set(jobs)) < len(jobs):
        return None
    whole = np.concatenate([np.empty(0, np.int64), *(np.arange(starts[job], starts[job + 1]) for job in jobs)])
    return tuple(jobs) if np.array_equal(whole, rows) else None
