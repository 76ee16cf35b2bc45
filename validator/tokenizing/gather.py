"""Puts a split together of rows that several jobs have written, in the trainer's order, without holding them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from validator.tokenizing.arrow_folder import read_batches, shard_name
from validator.tokenizing.job import BATCH
from validator.tokenizing.plan import Split
from validator.trainers.tokenized import Packer
from validator.training.order import Indices
from validator.writing import whole_file

SHARD_BYTES = 128 << 20
"""Of a file, about."""


class WrittenRows:
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
            columns.append(pa.concat_arrays([as_type(piece, field.type) for piece in pieces]))
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column under another type: one of null, or one that holds nothing but null."""
    return column if column.type == kind else pa.nulls(len(column), kind)


def gathered(batches: Iterator[pa.RecordBatch], schema: pa.Schema, folder: Path) -> list[str]:
    """Write batches into files of a folder, each of a number of bytes; returns the names. Raises OSError."""
    parts = 0
    batch = next(batches, None)
    while batch is not None:
        with whole_file(folder / _part(parts)) as file, pa.ipc.new_stream(file, schema) as writer:
            while batch is not None and file.tell() < SHARD_BYTES:
                writer.write_batch(batch)
                batch = next(batches, None)
        parts += 1
    names = [shard_name(part, parts) for part in range(parts)]
    for part, name in enumerate(names):
        (folder / _part(part)).rename(folder / name)
    return names


def _part(number: int) -> str:
    return f"part-{number}"


def in_order(
    written: WrittenRows, rows: Indices, schema: pa.Schema, told: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Rows in an order; `told` of how many."""
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH].tolist()
        yield written.batch(some, schema)
        told(len(some))


def packed(
    written: WrittenRows,
    split: Split,
    plain: pa.Schema,
    packer: Packer,
    schema: pa.Schema,
    told: Callable[[int], None],
) -> Iterator[pa.RecordBatch]:
    """The rows of a split as they are packed."""
    first = 0
    for number in split.packed:
        if number:
            yield packer.pack(written.batch(split.rows[first : first + number].tolist(), plain), schema)
            told(number)
        first += number
