"""Writes some rows of a data file to one new file and others to a second, in the format of the first."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from validator.catalog.json_rows import Layout
from validator.catalog.table_rows import ROWS
from validator.facts.columns import plain_array

KEPT, QUARANTINED, NOWHERE = 0, 1, 2
Fates = bytearray
"""Where each row goes: KEPT, QUARANTINED or NOWHERE."""
Opener = Callable[[], BinaryIO]
"""Makes a new file when the first row is there."""


class RowFile:
    """A new file of rows that are bytes: JSON of any layout, CSV (with its header) or text. It is there once a row is.
    `dry`: rows are counted and not written.
    """

    def __init__(self, opened: Opener, layout: Layout, header: bytes = b"", *, dry: bool = False) -> None:
        self._open, self._array, self._header, self._dry = opened, layout == "array", header, dry
        self._file: BinaryIO | None = None
        self.rows = 0

    def add(self, row: bytes) -> int:
        """Append a row without its line end; its number is returned. Raises OSError."""
        self.rows += 1
        if self._dry:
            return self.rows - 1
        if self._file is None:
            self._file = self._open()
            self._file.write(b"[\n" if self._array else self._header)
        elif self._array:
            self._file.write(b",\n")
        self._file.write(row if self._array else row + b"\n")
        return self.rows - 1

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            if self._array:
                self._file.write(b"\n]\n")
            self._file.close()


def split_copy(source: Path, layout: Layout, targets: tuple[Opener, Opener], fates: Fates) -> None:
    """Copy each row of a file that is no JSON to the first target, the second, or neither.

    Raises OSError, and ValueError where the rows cannot be told apart as the loader does.
    """
    if layout == "parquet":
        _split_parquet(source, targets, fates)
    elif layout == "arrow":
        _split_arrow(source, targets, fates)
    else:
        _split_text(source, layout, targets, fates)


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class _Tables:
    """A new file of tables, there once a row is."""

    def __init__(self, opened: Opener, writer_of: Callable[[BinaryIO], _Writer]) -> None:
        self._open, self._writer_of = opened, writer_of
        self._stack = ExitStack()
        self._writer: _Writer | None = None

    def add(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        if self._writer is None:
            file = self._stack.enter_context(self._open())
            self._writer = self._writer_of(file)
            self._stack.callback(self._writer.close)
        self._writer.write_table(table)

    def close(self) -> None:
        self._stack.close()


def _split_parquet(source: Path, targets: tuple[Opener, Opener], fates: Fates) -> None:
    with source.open("rb") as file, pq.ParquetFile(file) as opened, ExitStack() as stack:
        packing = opened.metadata.row_group(0).column(0).compression if opened.metadata.num_row_groups else "SNAPPY"
        packing = "none" if packing == "UNCOMPRESSED" else packing.lower()

        def writer(target: BinaryIO) -> Any:
            return pq.ParquetWriter(target, opened.schema_arrow, compression=packing)

        sinks = [_Tables(target, writer) for target in targets]
        for sink in sinks:
            stack.callback(sink.close)
        row = 0
        for group in range(opened.metadata.num_row_groups):
            batches = opened.iter_batches(batch_size=ROWS, row_groups=[group])
            parts: tuple[list[pa.Table], list[pa.Table]] = ([], [])
            for batch in batches:
                for part, table in zip(parts, _divide(batch, row, fates), strict=True):
                    part.append(table)
                row += batch.num_rows
            for sink, part in zip(sinks, parts, strict=True):
                sink.add(pa.concat_tables(part) if part else opened.schema_arrow.empty_table())


def _split_arrow(source: Path, targets: tuple[Opener, Opener], fates: Fates) -> None:
    with source.open("rb") as file, ExitStack() as stack:
        reader, make = _arrow_reader(file)

        def writer(target: BinaryIO) -> Any:
            return make(target, reader.schema)

        sinks = [_Tables(target, writer) for target in targets]
        for sink in sinks:
            stack.callback(sink.close)
        row = 0
        for batch in _batches(reader):
            for sink, table in zip(sinks, _divide(batch, row, fates), strict=True):
                sink.add(table)
            row += batch.num_rows


def _arrow_reader(file: BinaryIO) -> tuple[Any, Callable[[BinaryIO, pa.Schema], Any]]:
    """The reader of an Arrow file and what writes another of its kind: a stream or a file for random access."""
    try:
        return pa.ipc.open_stream(file), pa.ipc.new_stream
    except (OSError, pa.ArrowInvalid):
        return pa.ipc.open_file(file), pa.ipc.new_file


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        return (reader.get_batch(number) for number in range(reader.num_record_batches))
    return iter(reader)


def _divide(batch: pa.RecordBatch, first: int, fates: Fates) -> tuple[pa.Table, pa.Table]:
    """The rows of a batch, the first of which has this number, as (kept, quarantined)."""
    table = pa.Table.from_batches([batch])
    mine = list(fates[first : first + batch.num_rows])
    kept, quarantined = (
        table.filter(plain_array([item == wanted for item in mine], pa.bool_())) for wanted in (KEPT, QUARANTINED)
    )
    return kept, quarantined


def _split_text(source: Path, layout: Layout, targets: tuple[Opener, Opener], fates: Fates) -> None:
    with source.open(encoding="utf-8", newline="") as file, ExitStack() as stack:
        records = _csv_records(file) if layout == "csv" else iter(file)
        header = next(records, "") if layout == "csv" else ""
        sinks = [RowFile(target, layout, header.encode()) for target in targets]
        for sink in sinks:
            stack.callback(sink.close)
        row = -1
        for row, record in enumerate(records):
            if row < len(fates) and fates[row] != NOWHERE:
                sinks[fates[row]].add(record.rstrip("\r\n").encode())
        if row + 1 != len(fates):
            raise ValueError(
                f"`{source.name}` holds {len(fates):,} rows for the loader and {row + 1:,} by its line ends"
            )


def _csv_records(file: Iterator[str]) -> Iterator[str]:
    """The text of each record, the header first. A quoted field may hold line ends; blank lines are none."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line

    csv.field_size_limit(sys.maxsize)
    for _ in csv.reader(lines()):
        record = "".join(taken)
        taken.clear()
        if record.strip(" \t\r\n"):
            yield record
