"""Carries out a plan on an engine, whatever happens to its processes: no row is lost, and none takes others with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from validator.engine.execution.marker import BETWEEN, Place, has_stalled, places
from validator.engine.execution.outcome import Died, Failed, Outcome
from validator.engine.execution.progress import Progress
from validator.engine.execution.shard import ShardJob
from validator.engine.execution.shard_plan import Shard

_LOOK = 0.25
"""Seconds between reports of progress."""


Divide = Callable[[Shard, int | None], list[Shard]]
"""Replaces a shard by two, the second beginning at a row, or one of several files (None) by one for each of them."""


class Engine(Protocol):
    """Carries out jobs. `capacity`: jobs that it takes at a time."""

    capacity: int
    name: str

    def submit(self, job: ShardJob) -> None:
        """Begin a job."""
        ...

    def wait(self, seconds: float) -> list[tuple[ShardJob, Outcome]]:
        """What has ended within some seconds."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


def carry_out(
    shards: Iterable[Shard],
    engine: Engine,
    running: Path,
    progress: Progress,
    divide: Divide,
) -> None:
    """Bring every shard to its end. A shard whose process dies is tried again; if that dies too, the row that both
    were at is given up, and where no row is known the shard is halved, at a row, down to a single row. One of several
    files becomes one of each. One of damaged files is left without a result.

    Raises OSError where a result cannot be written.
    """
    waiting = deque(shards)
    running_now: dict[int, Shard] = {}
    while waiting or running_now:
        while waiting and len(running_now) < engine.capacity:
            shard = waiting.popleft()
            running_now[shard.job.ordinal] = shard
            engine.submit(shard.job)
        for job, outcome in engine.wait(_LOOK):
            shard = running_now.pop(job.ordinal)
            if isinstance(outcome, Failed):
                if outcome.fatal:
                    raise outcome.error
                if outcome.damaged:
                    shard.done = shard.damaged = True
                    continue
                if len(job.parts) > 1:
                    waiting.extendleft(reversed(divide(shard, None)))
                    continue
                shard.job = replace(job, lost=((BETWEEN, outcome.reason),))
                waiting.appendleft(shard)
            elif isinstance(outcome, Died):
                waiting.extendleft(reversed(_after_death(shard, outcome, running, divide)))
            else:
                shard.done, shard.seconds = True, outcome.seconds
        found = places(running)
        progress.checked(
            sum(place.rows for place in found),
            sum(place.media for place in found),
            sum(place.findings for place in found),
        )


def _after_death(shard: Shard, death: Died, running: Path, divide: Divide) -> list[Shard]:
    """What to try next."""
    job = shard.job
    if len(job.parts) > 1:
        return divide(shard, None)
    (part,) = job.parts
    place = _place(death, job, running)
    if place is None and death.pid is None and shard.deaths < 3:
        shard.deaths += 1  # it may have waited beside another that killed the process
        shard.job = replace(job, attempt=job.attempt + 1)
        return [shard]
    row = place.row if place is not None and place.row != BETWEEN else None
    reason = death.reason
    if place is not None and has_stalled(running, place.pid):
        reason = f"it took longer than {job.row_timeout:g} seconds"
    shard.deaths += 1
    again = replace(job, attempt=job.attempt + 1)
    if shard.deaths < 2:
        shard.suspect, shard.job = row, again
        return [shard]
    first, end = part.span.first, part.stop
    if row is not None and row == shard.suspect:
        shard.job, shard.deaths = replace(again, lost=(*job.lost, (row, f"{reason}, twice"))), 0
        return [shard]
    if end - first <= 1:
        shard.job, shard.deaths = replace(again, lost=((BETWEEN, f"{reason}, twice"),)), 0
        return [shard]
    at = row if row is not None and first < row < end else (first + end) // 2
    return divide(shard, at)


def _place(death: Died, job: ShardJob, running: Path) -> Place | None:
    for place in places(running):
        mine = place.pid == death.pid if death.pid is not None else True
        if mine and place.ordinal == job.ordinal and place.attempt == job.attempt:
            return place
    return None
