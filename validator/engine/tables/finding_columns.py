"""Findings as Arrow columns: those of findings.parquet, and beside them each finding as its line of findings.jsonl."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from validator.facts.columns import array_of, plain_array
from validator.findings import Finding, order_of
from validator.records.arrow import type_of, types_of
from validator.run_folder.damage import opened, unusable
from validator.run_folder.finding_lines import LONGEST, parsed
from validator.run_folder.table import RunTable

_AS_TEXT = {"evidence": str}
FINDINGS = pa.schema([(name, type_of(hint)) for name, hint in {**types_of(Finding), **_AS_TEXT}.items()])
LINE = "line"
ROW_GROUP = 4096
"""Records of a group in Parquet files."""
PIECE = 1 << 21
"""Bytes of lines that are read at once, as a rule those of a group."""
WITH_LINES = FINDINGS.append(pa.field(LINE, pa.binary()))
_KEY = ("dataset", "file", "row", "code", "turn", "media_index", "message")
_AS_OBJECT = pa.struct([field for field in FINDINGS if field.name not in _AS_TEXT])


def to_batch(findings: Sequence[Finding]) -> pa.RecordBatch:
    """Findings as a batch of WITH_LINES."""
    columns = array_of(list(findings), _AS_OBJECT).flatten()
    evidence = [
        orjson.dumps(finding.evidence, option=orjson.OPT_SORT_KEYS) if finding.evidence else b"{}"
        for finding in findings
    ]
    lines = [orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE) for finding in findings]
    arrays = [*columns, plain_array(evidence, pa.string()), plain_array(lines, pa.binary())]
    return pa.RecordBatch.from_arrays(arrays, schema=WITH_LINES)


def to_findings(batch: pa.RecordBatch) -> list[Finding]:
    """The findings of a batch."""
    return [Finding(**orjson.loads(line)) for line in batch[LINE].to_pylist()]


def lines_of(batch: pa.RecordBatch) -> memoryview:
    """The lines of a batch in one piece."""
    array = batch[LINE]
    _, offsets, data = array.buffers()
    if not len(array):
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[places[0] : places[-1]]


def columns_of(table: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a findings.parquet. Raises UnusableRunError."""
    texts = [name for name in names if FINDINGS.field(name).type == pa.string()]
    with RunTable(table, FINDINGS, texts) as file:
        yield from file.batches(names)


def stored(
    table: Path, lines: Path, first: int = 0, number: int | None = None, offset: int = 0
) -> Iterator[pa.RecordBatch]:
    """The findings of a findings.parquet and its findings.jsonl, as batches of WITH_LINES: all of them, or a number
    from the one numbered `first` on, whose line begins at a byte. Raises UnusableRunError.
    """
    with RunTable(table, FINDINGS) as file, opened(lines) as texts_file:
        texts_file.seek(offset)
        end = file.num_rows if number is None else first + number
        for group in range(first // ROW_GROUP, -(-end // ROW_GROUP)):
            columns = file.group(group, threads=False)
            begin = group * ROW_GROUP
            columns = columns.slice(max(first - begin, 0), end - max(first, begin)).combine_chunks()
            seen = 0
            for texts in _pieces(texts_file, columns.num_rows):
                if number is None:  # anyone may have written there; of a part its asker knows the file
                    deque(parsed(texts.to_pylist(), lines, begin + seen), maxlen=0)
                arrays = [column.chunk(0).slice(seen, len(texts)) for column in columns.columns]
                yield pa.RecordBatch.from_arrays([*arrays, texts], schema=WITH_LINES)
                seen += len(texts)
            if seen != columns.num_rows:
                raise unusable(lines, f"holds fewer findings than {table.name}")
        if number is None and texts_file.read(1):
            raise unusable(lines, f"holds more findings than {table.name}")


def _pieces(file: BinaryIO, number: int) -> Iterator[pa.Array]:
    """Some lines of a file, or those that are left, as arrays of PIECE bytes or one line at most."""
    begin = file.tell()
    while number and (data := file.read(PIECE)):
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))[:number] + 1
        if not len(ends):
            data += file.readline(LONGEST - len(data))
            ends = np.array([len(data)])
        offsets = np.concatenate(([0], ends)).astype(np.int32)
        yield pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
        number -= len(ends)
        begin = file.seek(begin + int(ends[-1]))


def merged(batches: Iterable[pa.RecordBatch], others: Sequence[Finding]) -> Iterator[pa.RecordBatch]:
    """Batches of findings in order, and other findings, in order; among equals those of the batches come first."""
    waiting = sorted(others, key=Finding.order)
    begun = 0
    for batch in batches:
        keys = _Keys(batch)
        start = 0
        while begun < len(waiting) and len(keys) and waiting[begun].order() < keys[len(keys) - 1]:
            place = bisect_right(keys, waiting[begun].order())
            following = keys[place]
            end = begun + 1
            while end < len(waiting) and waiting[end].order() < following:
                end += 1
            yield batch.slice(start, place - start)
            yield to_batch(waiting[begun:end])
            start, begun = place, end
        yield batch.slice(start)
    if begun < len(waiting):
        yield to_batch(waiting[begun:])


class _Keys(Sequence[tuple[object, ...]]):
    """The sort keys of a batch, each made when it is asked for."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._columns = [batch[name] for name in _KEY]

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        return order_of(*(column[place].as_py() for column in self._columns))
