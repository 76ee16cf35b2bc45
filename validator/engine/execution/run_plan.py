"""The plan of a run: every file with its shards, in the order of rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from validator.engine.execution.shard_plan import SHARD_SECONDS, Planner, Shard
from validator.rules.base import EntryFacts, FileFacts
from validator.storage.media_files import MediaFiles

UNKNOWN_SPEED = 4096
"""Rows of a shard where the first one was taken from the cache, without its speed."""


@dataclass(slots=True)
class FilePlan:
    """One file of an entry. Of a long file only the first shard is planned until its speed is known."""

    entry: EntryFacts
    file: FileFacts
    path: str
    shards: list[Shard]


class RunPlan:
    """All parts. Results of earlier runs are looked up as shards are planned."""

    def __init__(self, entries: Sequence[EntryFacts], planner: Planner, folder: str, files: MediaFiles) -> None:
        self._planner, self._files = planner, files
        self.parts: list[FilePlan] = []
        for entry in entries:
            for file in entry.files if entry.entry is not None else ():
                if file.survey is not None:
                    path = os.path.join(folder, file.name) if file.survey.tables is None else ""  # it may be absolute
                    pilot = planner.pilot(entry, file, path)
                    planner.look_up(pilot, files)
                    self.parts.append(FilePlan(entry, file, path, [pilot]))

    @property
    def rows_left(self) -> int:
        """Rows that are not checked yet, as surveyed; those of parts that are not planned to their end included."""
        rows = 0
        for part in self.parts:
            assert part.file.survey is not None
            total = part.file.survey.num_rows
            for shard in part.shards:
                stop = total if shard.job.span.stop is None else shard.job.span.stop
                rows += 0 if shard.done else stop - shard.job.span.first
                total_planned = stop
            rows += total - total_planned
        return rows

    @property
    def shards(self) -> Iterator[Shard]:
        """All shards planned so far, in order."""
        return (shard for part in self.parts for shard in part.shards)

    @property
    def fresh(self) -> list[Path]:
        """Where the results lie that were made in this run."""
        return [shard.job.target for shard in self.shards if shard.seconds is not None]

    @property
    def targets(self) -> dict[str, list[Path]]:
        """Where the results lie, per entry in the order of file and row."""
        found: dict[str, list[Path]] = {}
        for part in self.parts:
            found.setdefault(part.entry.name, []).extend(shard.job.target for shard in part.shards)
        return found

    def waiting_pilots(self) -> list[Shard]:
        """The first shard of the first long file of each entry that must be measured before the rest can be planned."""
        pilots: dict[str, Shard] = {}
        for part in self.parts:
            pilot = part.shards[0]
            unknown = self._planner.rows_per_shard(part.entry) is None
            if unknown and not pilot.done and pilot.job.span.stop is not None:
                pilots.setdefault(part.entry.name, pilot)
        return list(pilots.values())

    def complete(self) -> None:
        """Plan the rest of all parts, by the speed of those first shards that were measured."""
        measured = [(part, pilot) for part in self.parts if (pilot := part.shards[0]).seconds is not None]
        for part, pilot in measured:
            self._planner.learn(part.entry, pilot.job.rows, pilot.seconds or 0)
        if measured:
            self._planner.keep_speeds()
        for part in self.parts:
            last = part.shards[-1].job.span.stop
            if last is None:
                continue
            rows = self._planner.rows_per_shard(part.entry) or UNKNOWN_SPEED
            more = list(self._planner.rest(part.entry, part.file, part.path, last, rows))
            for shard in more:
                self._planner.look_up(shard, self._files)
            part.shards += more

    def waiting(self) -> tuple[list[Shard], float]:
        """The shards that are left, the longest first, and the seconds of work on one core that they are, roughly."""
        left = []
        for part in self.parts:
            rows = self._planner.rows_per_shard(part.entry) or UNKNOWN_SPEED
            left += [(shard.job.rows / rows * SHARD_SECONDS, shard) for shard in part.shards if not shard.done]
        left.sort(key=lambda pair: -pair[0])
        return [shard for _, shard in left], sum(seconds for seconds, _ in left)

    def split(self, shard: Shard, at: int) -> tuple[Shard, Shard]:
        """Replace a shard by two, the second beginning at row `at`."""
        part = next(part for part in self.parts if shard in part.shards)
        span = shard.job.span
        left = self._planner.shard(part.entry, part.file, part.path, span.first, at)
        right = self._planner.shard(part.entry, part.file, part.path, at, span.stop)
        place = part.shards.index(shard)
        part.shards[place : place + 1] = (left, right)
        return left, right
