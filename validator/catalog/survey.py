"""What the trainer's JSON loader makes of a whole file: the schema its rows are seen through, and what it refuses.

Source: `datasets` 4.0.0 `packaged_modules/json`. Lines are read by pyarrow in pieces of 10 MiB (the same call is made
here, so the verdict is the loader's own); an array is read by pandas at once and then typed by pyarrow, which is done
here in slices so that memory does not grow with the file. Each refusal is then traced to its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as paj

from validator.catalog.arrow_types import TypeConflictError, castable, dates_as_text, merge
from validator.catalog.json_rows import (
    BOM,
    SPACE,
    TOO_DEEP,
    Layout,
    RawRow,
    find_layout,
    parse_line,
    read_rows,
    too_deep,
    ujson_refuses,
)
from validator.catalog.schema import Schema

LOADER_CHUNK = 10 << 20
"""Bytes: the loader's `chunksize`. Every piece becomes a table that must fit the schema of the first."""
_DATE_COLUMN = re.compile(r"_at$|_time$|^timestamp|^modified$|^date$")
"""Columns of an array in which pandas looks for dates (`keep_default_dates`)."""
_HUGE_NUMBER = re.compile(rb"[:,\[\s]-?\d{19}")
SLICE, SLICE_BYTES = 1000, 4 << 20
MAX_REFUSALS = 1000
"""Refusals kept per file; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why the loader refuses the file. `row` is None where it concerns the file, not a row."""

    row: int | None
    column: str | None
    reason: str


@dataclass(slots=True)
class Survey:
    """The loader's view of one file. `types` maps each column to its Arrow type.

    `fixed` is the schema that binds the files of the entry that are read later: that of the first table, None where
    there is none. `own` is set where the rows must be converted to it: the types that they have in the file.
    `tables` reads the rows of data that is no file.
    """

    layout: Layout
    num_rows: int = 0
    types: dict[str, pa.DataType] = field(default_factory=dict)
    fixed: Schema | None = None
    own: pa.Schema | None = None
    tables: Callable[[], Iterator[pa.Table]] | None = None
    refusals: list[Refusal] = field(default_factory=list)
    num_refusals: int = 0

    def refuse(self, row: int | None, column: str | None, reason: str) -> None:
        """Note a refusal; beyond MAX_REFUSALS only its number is kept."""
        self.num_refusals += 1
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(Refusal(row, column, reason))


def survey(path: Path) -> Survey:
    """Read a json or jsonl file as the trainer's loader would and report its schema and every refusal.

    Raises OSError where the file cannot be read.
    """
    layout = find_layout(path)
    result = Survey(layout)
    if layout == "array":
        _survey_array(path, result)
    elif layout != "empty":
        _survey_tables(path, result)
    if result.fixed is None and path.stat().st_size:
        result.fixed = Schema(dict(result.types))
    return result


def _survey_array(path: Path, result: Survey) -> None:
    with path.open("rb") as file:
        if file.read(3) == BOM:
            result.refuse(None, None, "it begins with a UTF-8 byte order mark, which the loader does not accept")
    for rows in _slices(read_rows(path, "array")):
        readable = []
        for row in rows:
            if row.unread:
                continue
            if row.fault is not None:
                result.refuse(row.index, None, f"invalid JSON: {row.fault}")
            elif too_deep(row.raw):
                result.refuse(row.index, None, TOO_DEEP)
            elif not isinstance(row.value, dict):
                result.refuse(row.index, None, "the row is not an object")
            else:
                readable.append(row)
            result.num_rows = row.index + (not row.between)
        _merge_slice(readable, result)


def _merge_slice(rows: list[RawRow], result: Survey) -> None:
    huge = [row for row in rows if _HUGE_NUMBER.search(row.raw)]
    for row in huge:
        if ujson_refuses(row.raw):
            result.refuse(row.index, None, "the row holds a number too large for the loader")
    if not rows or (not huge and _merge_as_lines(rows, result)):
        return
    for column in dict.fromkeys(key for row in rows for key in row.value):
        known = result.types.get(column, pa.null())
        try:
            result.types[column] = merge(known, pa.array([row.value.get(column) for row in rows]).type, column)
        except (pa.ArrowException, TypeConflictError, OverflowError, TypeError, ValueError):
            for row in rows:
                _merge_value(row.index, column, row.value.get(column), result)


def _merge_as_lines(rows: list[RawRow], result: Survey) -> bool:
    """Type a slice with pyarrow's JSON reader, which is faster than its typing of Python objects and stricter: what it
    accepts the other accepts with the same types, but for dates, which JSON arrays leave as text.
    """
    data = b"\n".join(row.raw for row in rows)
    try:
        schema = paj.read_json(BytesIO(data), read_options=paj.ReadOptions(block_size=len(data) + 1)).schema
        types = {field.name: dates_as_text(field.type) for field in schema}
        merged = {name: merge(result.types.get(name, pa.null()), kind, name) for name, kind in types.items()}
    except (pa.ArrowException, TypeConflictError):
        return False
    result.types.update(merged)
    return True


def _merge_value(row: int, column: str, value: Any, result: Survey) -> None:
    known = result.types.get(column, pa.null())
    try:
        result.types[column] = merge(known, pa.array([value]).type, column)
    except TypeConflictError as conflict:
        if conflict.path != column or not _DATE_COLUMN.search(column.lower()):  # pandas makes dates of these itself
            result.refuse(row, conflict.path, f"`{conflict.path}` is {conflict}")
    except OverflowError:
        if isinstance(value, int) and 0 <= value < 2**64:  # pandas has unsigned columns, lists have not
            result.types[column] = merge(known, pa.uint64(), column)
            return
        result.refuse(row, column, f"`{column}` holds a whole number beyond 64 bits")
    except UnicodeEncodeError:
        result.refuse(row, column, f"`{column}` holds half of a surrogate pair")
    except (pa.ArrowException, TypeError, ValueError):
        result.refuse(row, column, f"`{column}` mixes types within one list")


def _survey_tables(path: Path, result: Survey) -> None:
    first: pa.Schema | None = None
    broken = False
    for number, chunk in enumerate(_loader_chunks(path)):
        chunk = _without_deep_lines(chunk, result)
        if not chunk.replace(b"null", b"").strip(SPACE):
            _refuse_nulls(chunk, result)
            continue
        try:
            table = _read_table(chunk)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            broken = True
            if result.layout == "values":
                break
            _trace(chunk, number == 0, str(error), result)
            continue
        start = result.num_rows
        result.num_rows += table.num_rows
        if result.layout == "lines" and table.num_rows != _num_lines(chunk):
            result.layout = "values"  # some value spans lines, which the loader does not mind
        if first is None:
            first = table.schema
            result.fixed = Schema({column.name: column.type for column in first})
        else:
            _check_cast(table.schema, first, chunk, start, result)
        for column in table.schema:
            _merge_column(column.name, column.type, None, result)
    if not result.num_rows and not broken and not result.num_refusals:
        result.layout = "empty"
    if broken and result.layout == "values":
        result.num_rows, result.types = 0, {}
        _trace_rows(read_rows(path, "values"), "the loader cannot parse this file", result)


def _num_lines(chunk: bytes) -> int:
    return sum(1 for line in chunk.split(b"\n") if line.strip(SPACE))


def _without_deep_lines(chunk: bytes, result: Survey) -> bytes:
    """Refuse lines that nest too deeply: pyarrow's reader would end the process at them."""
    if not any(map(too_deep, chunk.split(b"\n"))):
        return chunk
    kept, row = [], result.num_rows
    for line in chunk.split(b"\n"):
        if too_deep(line):
            result.refuse(row, None, TOO_DEEP)
            line = b"{}"
        kept.append(line)
        row += bool(line.strip(SPACE))
    return b"\n".join(kept)


def _refuse_nulls(chunk: bytes, result: Survey) -> None:
    """Lines of nothing but null: pyarrow's reader ends the process at them, the trainer's too."""
    for _ in range(_num_lines(chunk)):
        result.refuse(result.num_rows, None, "the first 10 MB hold nothing but null")
        result.num_rows += 1


def _loader_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(LOADER_CHUNK):
            yield chunk + file.readline()


def _read_table(chunk: bytes) -> pa.Table:
    """The loader's own call, block size doubling included."""
    block_size = LOADER_CHUNK // 32
    while True:
        try:
            return paj.read_json(BytesIO(chunk), read_options=paj.ReadOptions(block_size=block_size))
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
        try:
            schema = paj.read_json(BytesIO(row.raw)).schema
        except (pa.ArrowException, UnicodeDecodeError) as error:
            result.refuse(row.index, *_in_plain_words(str(error)))
            continue
        for column in schema:
            _merge_column(column.name, column.type, row.index, result)
    if result.num_refusals == before:
        result.refuse(None, None, message)


def _merge_column(name: str, kind: pa.DataType, row: int | None, result: Survey) -> None:
    try:
        result.types[name] = merge(result.types.get(name, pa.null()), kind, name)
    except TypeConflictError as conflict:
        if row is not None:
            result.refuse(row, conflict.path, f"`{conflict.path}` is {conflict}")


def _in_plain_words(message: str) -> tuple[str | None, str]:
    """Turn pyarrow's parse error about one row into (column, reason)."""
    message = message.removeprefix("JSON parse error: ").removesuffix(" in row 0")
    column = re.match(r"Column\((.*?)\) ", message)
    path = column.group(1).strip("/").replace("/[]", "[]").replace("/", ".") if column else None
    if path and "specified twice" in message:
        return path, f"the key `{path}` stands twice in one object"
    if path and "changed from" in message:
        return path, f"`{path}` mixes types within one row: {message.split(') ', 1)[1]}"
    if not path and "changed from object" in message:
        return None, "the row is not an object"
    return path, f"invalid JSON: {message}"


def _slices(rows: Iterable[RawRow]) -> Iterator[list[RawRow]]:
    batch: list[RawRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.raw)
        if len(batch) == SLICE or size > SLICE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
