"""Puts a split together of rows that several jobs have written, in the trainer's order, without holding them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from validator.tokenizing.arrow_folder import read_batches, shard_name
from validator.tokenizing.job import BATCH
from validator.training.order import Indices
from validator.writing import whole_file

SHARD_ROWS = 16_384
"""Rows of a file."""


class Written:
    """The rows of all jobs one after the other; `starts`: the rows before each job."""

    def __init__(self, parts: Sequence[Path], starts: Sequence[int]) -> None:
        self._parts, self._starts = parts, starts
        self._open: dict[int, tuple[list[pa.RecordBatch], list[int]]] = {}

    def row(self, number: int) -> tuple[pa.RecordBatch, int]:
        """The batch that a row lies in, and its place there."""
        job = bisect_right(self._starts, number) - 1
        known = self._open.get(job)
        if known is None:
            batches = read_batches(self._parts[job])
            known = self._open[job] = batches, [0, *accumulate(batch.num_rows for batch in batches)]
        batches, ends = known
        place = number - self._starts[job]
        batch = bisect_right(ends, place) - 1
        return batches[batch], place - ends[batch]

    def batch(self, rows: Sequence[int], schema: pa.Schema) -> pa.RecordBatch:
        """Some rows under a schema in which a column of null may be one of lists."""
        found = [self.row(number) for number in rows]
        columns = []
        for field in schema:
            pieces = [batch[field.name].slice(place, 1) for batch, place in found]
            columns.append(pa.concat_arrays([_as(piece, field.type) for piece in pieces]))
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as(piece: pa.Array, kind: pa.DataType) -> pa.Array:
    return piece if piece.type == kind else pa.nulls(len(piece), kind) if piece.null_count else piece.cast(kind)


def gathered(
    written: Written, rows: Indices, schema: pa.Schema, folder: Path, told: Callable[[int], None]
) -> Iterator[str]:
    """Write rows into files of a folder, whose names are returned; `told` of how many. Raises OSError."""
    number = -(-len(rows) // SHARD_ROWS)
    for shard in range(number):
        name = shard_name(shard, number)
        mine = rows[shard * SHARD_ROWS : (shard + 1) * SHARD_ROWS].tolist()
        with whole_file(folder / name) as file, pa.ipc.new_stream(file, schema) as writer:
            for first in range(0, len(mine), BATCH):
                some = mine[first : first + BATCH]
                writer.write_batch(written.batch(some, schema))
                told(len(some))
        yield name
