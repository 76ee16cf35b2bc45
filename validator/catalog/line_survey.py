"""What the trainer's JSON loader makes of a file of lines, or of values across lines.

Source: `datasets` 4.0.0 `packaged_modules/json`. pyarrow reads the file in pieces of 10 MiB; the same call is made
here, so the verdict is the loader's own. Each refusal is then traced to its row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.json as paj
import xxhash

from validator.catalog.arrow_types import TypeConflictError, castable, check_names, merge, mixed_within, steps_of
from validator.catalog.json_rows import BOM, LONG_READS, SPACE, TOO_DEEP, RawRow, parse_line, read_rows, too_deep
from validator.catalog.schema import Schema
from validator.catalog.survey import Checkpoint, Grown, Survey
from validator.storage.reading import open_bytes

_SPACES = re.compile(rb"[ \t\r\n]*")
_COLUMN = re.compile(r"\AColumn\((.*?)\) ")

_RELEASED = 1 << 20
"""Bytes of a file after which memory is given back: getting it anew takes longer than reading a small file."""
LOADER_CHUNK = 10 << 20
"""Bytes: the loader's `chunksize`. Every piece becomes a table that must fit the schema of the first."""


def survey_lines(path: Path, result: Survey, grown: Grown | None = None) -> None:
    """Survey a file whose layout is `lines` or `values` into `result`; one that has `grown` from its checkpoint on."""
    broken, offset, digest = False, 0, xxhash.xxh3_128()
    if grown is not None:
        broken, offset, digest = grown.checkpoint.broken, grown.checkpoint.offset, grown.digest
    for piece, is_final in _loader_chunks(path, offset):
        chunk = _without_deep_lines(piece, result)
        try:
            table = _read_table(chunk, result)
            check_names(table.schema)  # not UTF-8: the loader stops at names; at text only the trainer does (CV010)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            broken = True
            if result.layout == "values":
                break
            _trace(chunk, offset == 0, str(error), result)
        else:
            _join(table.schema, table.num_rows, chunk, result)
        offset += len(piece)
        if is_final:
            digest.update(piece)
            known = replace(result, types=dict(result.types), refusals=list(result.refusals), checkpoint=None)
            result.checkpoint = Checkpoint(offset, digest.hexdigest(), known, broken)
    if offset > _RELEASED:  # after a row of 100 MB, 200 MB, which child processes would begin with
        pa.default_memory_pool().release_unused()
    if not result.num_rows and not broken and not result.num_refusals:
        result.layout = "empty"
    if broken and result.layout == "values":
        result.num_rows, result.types = 0, {}
        _trace_rows(read_rows(path, "values"), "the loader cannot parse this file", result)


def _join(schema: pa.Schema, num_rows: int, chunk: bytes, result: Survey) -> None:
    """Add a table that the loader reads: the first fixes the columns."""
    start = result.num_rows
    result.num_rows += num_rows
    if result.layout == "lines" and num_rows != _num_lines(chunk):
        result.layout = "values"  # some value spans lines, which the loader does not mind
    types = {column.name: _one_of(column.type) for column in schema}
    if result.fixed is None:
        result.fixed = Schema(types)
    else:
        _check_cast(schema, result.fixed.arrow, chunk, start, result)
    for name, kind in types.items():
        _merge_column(name, kind, None, result)


@lru_cache(maxsize=1024)
def _one_of(kind: pa.DataType) -> pa.DataType:
    """The same object for the same type: thousands of files have the same columns."""
    return kind


def _num_lines(chunk: bytes) -> int:
    return sum(1 for line in BytesIO(chunk) if line.lstrip(SPACE))


def _without_deep_lines(chunk: bytes, result: Survey) -> bytes:
    """Refuse lines that nest too deeply: pyarrow's reader would end the process at them."""
    if not any(map(too_deep, BytesIO(chunk))):
        return chunk
    kept, row = [], result.num_rows
    for line in chunk.split(b"\n"):
        if too_deep(line):
            result.refuse(row, None, TOO_DEEP)
            line = b"{}"
        kept.append(line)
        row += bool(line.strip(SPACE))
    return b"\n".join(kept)


def _without_first_nulls(chunk: bytes, block_size: int, result: Survey) -> bytes:
    """Refuse each null that stands first in a block of pyarrow's reader (26.0.1), which ends the process there; the
    trainer's too.
    """
    for place in first_nulls(chunk, block_size):
        reason = "the row is null where the loader begins a block: its process ends there (segmentation fault)"
        before = chunk[: chunk.rfind(b"\n", 0, place) + 1]
        row = result.num_rows + _num_lines(before if result.num_rows else before.removeprefix(BOM))
        result.refuse(row, None, reason)
        chunk = chunk[:place] + b"{}  " + chunk[place + len(_NULL) :]
    return chunk


_NULL = b"null"


def first_nulls(chunk: bytes, block_size: int) -> Iterator[int]:
    """Where nulls stand of which the line is the first to end within a block, and not blank."""
    start, stop, what = 0, -1, "blank"
    yielded = -1
    for border in range(0, len(chunk), block_size):
        if stop < border:
            start = chunk.rfind(b"\n", max(stop, 0), border) + 1
            stop = _line_end(chunk, start)
            what = _line_kind(chunk, start, stop, is_first=True)
        elif chunk.startswith(BOM, start):
            what = _line_kind(chunk, start, stop, is_first=True)
        while what == "blank" and stop < min(border + block_size, len(chunk)) - 1:
            start = stop + 1
            stop = _line_end(chunk, start)
            what = _line_kind(chunk, start, stop, is_first=False)
        if what == "null" and yielded < start < border + block_size:
            yield chunk.index(_NULL, start)
            yielded = start


def _line_end(chunk: bytes, start: int) -> int:
    stop = chunk.find(b"\n", start)
    return len(chunk) if stop < 0 else stop


def _line_kind(chunk: bytes, start: int, stop: int, *, is_first: bool) -> Literal["blank", "null", "value"]:
    """What a line holds. A byte order mark is nothing where a block begins with it, and no JSON elsewhere."""
    first = _after_spaces(chunk, start + len(BOM) if is_first and chunk.startswith(BOM, start) else start, stop)
    if first == stop:
        return "blank"
    is_null = chunk.startswith(_NULL, first) and _after_spaces(chunk, first + len(_NULL), stop) == stop
    return "null" if is_null else "value"


def _after_spaces(chunk: bytes, start: int, stop: int) -> int:
    spaces = _SPACES.match(chunk, start, stop)
    return stop if spaces is None else spaces.end()


def _loader_chunks(path: Path, offset: int) -> Iterator[tuple[bytes, bool]]:
    """The pieces in which the loader reads a file, from the beginning of one on, and whether each stays as it is
    when the file grows: its last line is ended, and begun before the end of the loader's `chunksize`.
    """
    with open_bytes(path, LONG_READS) as file:
        file.seek(offset)
        is_final = True
        while is_final and (chunk := file.read(LOADER_CHUNK)):
            rest = file.readline()
            is_final = len(chunk) == LOADER_CHUNK and rest.endswith(b"\n")
            chunk += rest
            del rest  # it may be a long line
            yield chunk, is_final


def _read_table(chunk: bytes, result: Survey) -> pa.Table:
    """The loader's own call, block size doubling included."""
    block_size = LOADER_CHUNK // 32
    line_feed = chunk.find(b"\n")
    first_line = len(chunk) if line_feed < 0 else line_feed
    carriage_return = chunk.find(b"\r", 0, first_line)
    first_line = first_line if carriage_return < 0 else carriage_return
    while True:
        chunk = _without_first_nulls(chunk, block_size, result)
        if block_size < first_line:  # "straddling" is all that the reader would say, for the time of reading it
            block_size *= 2
            continue
        try:
            options = paj.ReadOptions(block_size=block_size)
            if len(chunk) <= block_size:
                options.use_threads = False  # it is one block: a second thread would only be waited for
            return paj.read_json(pa.BufferReader(chunk), read_options=options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            if (isinstance(error, pa.ArrowInvalid) and "straddling" not in str(error)) or block_size > len(chunk):
                raise
            block_size *= 2


def _check_cast(schema: pa.Schema, first: pa.Schema, chunk: bytes, start: int, result: Survey) -> None:
    """A later table must fit the first; where it does not, name the first row of it that does not, per column."""
    faults = _cast_faults(schema, first)
    if not faults:
        return
    for row in _rows_of(chunk, start):
        if row.value is None:
            continue
        for column, reason in _cast_faults(paj.read_json(BytesIO(row.raw)).schema, first).items():
            if faults.pop(column, None):
                result.refuse(row.index, column, f"{reason}; {_FIXED}")
        if not faults:
            return
    for column, reason in faults.items():
        result.refuse(None, column, f"{reason}; {_FIXED}")


_FIXED = "the loader fixes the columns from the first 10 MB of the file"


def _cast_faults(schema: pa.Schema, first: pa.Schema) -> dict[str, str]:
    known = {column.name: column.type for column in first}
    faults = {}
    for column in schema:
        if column.name not in known:
            faults[column.name] = f"`{column.name}` appears for the first time"
        elif reason := castable(column.type, known[column.name], column.name):
            faults[column.name] = reason
    return faults


def _rows_of(chunk: bytes, index: int) -> Iterator[RawRow]:
    for line in chunk.split(b"\n"):
        if raw := line.strip():
            for row in parse_line(raw, index, 0):
                yield row
                index += 1


def _trace(chunk: bytes, at_start: bool, message: str, result: Survey) -> None:
    """Find the rows for which the loader refused a chunk of lines."""
    _trace_rows(_rows_of(chunk.removeprefix(BOM) if at_start else chunk, result.num_rows), message, result)


def _trace_rows(rows: Iterable[RawRow], message: str, result: Survey) -> None:
    before = result.num_refusals
    for row in rows:
        result.num_rows = row.index + 1
        if row.fault is not None:
            result.refuse(row.index, None, f"invalid JSON: {row.fault}")
            continue
        if row.value is not None:
            merge_row(row, result)
    if result.num_refusals == before:
        result.refuse(None, None, message)


def merge_row(row: RawRow, result: Survey) -> None:
    """Refuse each column of a row that is at fault for itself; the others join those of the rows before."""
    raw, rest = row.raw, dict(row.value) if isinstance(row.value, dict) else {}
    while True:
        try:
            schema = paj.read_json(BytesIO(raw)).schema
            check_names(schema)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            column, reason = _in_plain_words(str(error))
            if column is not None and (top := steps_of(column)[0]) in rest:
                path, which = mixed_within(rest[top], top)
                reason = f"`{path}` mixes types within one row{which}" if which else reason
            result.refuse(row.index, column, reason, mixed=column is not None and "changed from" in str(error))
            if column is None or rest.pop(steps_of(column)[0], None) is None:
                return
            raw = json.dumps(rest).encode()
        else:
            break
    for column in schema:
        _merge_column(column.name, column.type, row.index, result)


def _merge_column(name: str, kind: pa.DataType, row: int | None, result: Survey) -> None:
    try:
        result.types[name] = merge(result.types.get(name, pa.null()), kind, name)
    except TypeConflictError as conflict:
        if row is not None:
            result.refuse(row, conflict.path, f"`{conflict.path}` is {conflict}", mixed=True)


def _in_plain_words(message: str) -> tuple[str | None, str]:
    """Turn pyarrow's parse error about one row into (column, reason)."""
    message = message.removeprefix("JSON parse error: ").removesuffix(" in row 0")
    column = _COLUMN.match(message)
    path = column.group(1).strip("/").replace("/[]", "[]").replace("/", ".") if column else None
    if path and "specified twice" in message:
        return path, f"the key `{path}` stands twice in one object"
    if path and "changed from" in message:
        return path, f"`{path}` mixes types within one row: {message.split(') ', 1)[1]}"
    if not path and "changed from object" in message:
        return None, "the row is not an object"
    return path, f"invalid JSON: {message}"
