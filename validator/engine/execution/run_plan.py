"""The plan of a run: every file with its shards, in the order of rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from validator.engine.execution.shard_plan import SHARD_SECONDS, DataFile, Planner, Shard
from validator.rules.base import EntryFacts
from validator.storage.media_files import MediaFiles

UNKNOWN_SPEED = 4096
"""Rows of a shard where the first one was taken from the cache, without its speed."""


@dataclass(slots=True)
class PlannedFiles:
    """One file, or several small ones that are checked together. Of a long file only the first shard is planned until
    its speed is known.
    """

    files: list[DataFile]
    shards: list[Shard]

    @property
    def entry(self) -> EntryFacts:
        """The entry, of a file by itself."""
        return self.files[0].entry

    @property
    def planned(self) -> int | None:
        """The row of a long file up to which shards are planned; None where all are."""
        return self.shards[-1].job.parts[-1].span.stop


class RunPlan:
    """All pieces. Results of earlier runs are looked up as shards are planned."""

    def __init__(self, entries: Sequence[EntryFacts], planner: Planner, folder: str, files: MediaFiles) -> None:
        self._planner, self._files = planner, files
        self.pieces: list[PlannedFiles] = []
        for together in planner.together(_data_files(entries, folder)):
            first = planner.shard(together) if len(together) > 1 else planner.pilot(together[0])
            planner.look_up(first, files)
            self.pieces.append(PlannedFiles(together, [first]))

    @property
    def rows_left(self) -> int:
        """Rows that are not checked yet, as surveyed; those of files that are not planned to their end included."""
        left = 0
        for piece in self.pieces:
            left += sum(shard.job.rows for shard in piece.shards if not shard.done)
            if (planned := piece.planned) is not None:
                left += piece.files[0].survey.num_rows - planned
        return left

    @property
    def shards(self) -> Iterator[Shard]:
        """All shards planned so far, in order."""
        return (shard for piece in self.pieces for shard in piece.shards)

    @property
    def damaged(self) -> frozenset[tuple[str, str]]:
        """The files, as (dataset, file), that must be surveyed to their end before they can be checked."""
        parts = (part for shard in self.shards if shard.damaged for part in shard.job.parts)
        return frozenset(part.key for part in parts if part.file.survey is not None and part.file.survey.partly)

    @property
    def fresh(self) -> list[Path]:
        """Where the results lie that were made in this run."""
        return [shard.job.target for shard in self.shards if shard.seconds is not None]

    @property
    def targets(self) -> list[Path]:
        """Where the results lie, in the order of entry, file and row."""
        return [shard.job.target for shard in self.shards]

    def waiting_pilots(self) -> list[Shard]:
        """The first shard of the first long file of each entry that must be measured before the rest can be planned."""
        pilots: dict[str, Shard] = {}
        for piece in self.pieces:
            unknown = self._planner.rows_per_shard(piece.entry) is None
            if unknown and not piece.shards[0].done and piece.planned is not None:
                pilots.setdefault(piece.entry.name, piece.shards[0])
        return list(pilots.values())

    def complete(self) -> None:
        """Plan the rest of all pieces, by the speed of those first shards that were measured."""
        alone = [(piece, piece.shards[0]) for piece in self.pieces if len(piece.files) == 1]
        measured = [(piece, pilot) for piece, pilot in alone if pilot.seconds is not None]
        for piece, pilot in measured:
            self._planner.learn(piece.entry, pilot.job.rows, pilot.seconds or 0)
        if measured:
            self._planner.keep_speeds()
        for piece in self.pieces:
            if (planned := piece.planned) is not None:
                more = list(self._planner.rest(piece.files[0], planned, self._rows_of(piece)))
                for shard in more:
                    self._planner.look_up(shard, self._files)
                piece.shards += more

    def _rows_of(self, piece: PlannedFiles) -> int:
        return self._planner.rows_per_shard(piece.entry) or UNKNOWN_SPEED

    def waiting(self) -> tuple[list[Shard], float]:
        """The shards that are left, the longest first, and the seconds of work on one core that they are, roughly."""
        left = []
        for piece in self.pieces:
            rows = self._rows_of(piece)
            left += [(shard.job.rows / rows * SHARD_SECONDS, shard) for shard in piece.shards if not shard.done]
        left.sort(key=lambda pair: -pair[0])
        return [shard for _, shard in left], sum(seconds for seconds, _ in left)

    def divide(self, shard: Shard, at: int | None) -> list[Shard]:
        """Replace a shard by two, the second beginning at row `at`; one of several files by one for each of them."""
        piece = next(piece for piece in self.pieces if shard in piece.shards)
        if at is None:
            made = [self._planner.shard([data]) for data in piece.files]
        else:
            (part,) = shard.job.parts
            (data,) = (
                data for data in piece.files if data.file.name == part.file.name and data.entry.name == part.key[0]
            )
            made = [self._planner.shard([data], part.span.first, at), self._planner.shard([data], at, part.span.stop)]
        place = piece.shards.index(shard)
        piece.shards[place : place + 1] = made
        return made


def _data_files(entries: Sequence[EntryFacts], folder: str) -> Iterator[DataFile]:
    for entry in entries:
        for file in entry.files if entry.entry is not None else ():
            if file.survey is not None:
                here = file.survey.tables is None
                yield DataFile(entry, file, os.path.join(folder, file.name) if here else "")  # it may be absolute
