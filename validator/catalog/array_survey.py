"""What the trainer's JSON loader makes of a file that is one array.

Source: `datasets` 4.0.0 `packaged_modules/json`. pandas reads the array at once and pyarrow types it; here it is typed
in slices, so that memory does not grow with the file. Each refusal is traced to its row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as paj
from pyarrow import types as t

from validator.catalog.arrow_types import TypeConflictError, dates_as_text, merge, mixed_within
from validator.catalog.date_columns import DateColumns, is_date_column
from validator.catalog.json_rows import BOM, TOO_DEEP, RawRow, read_rows, too_deep, ujson_refuses
from validator.catalog.line_survey import merge_row
from validator.catalog.survey import Survey
from validator.storage.reading import open_bytes

_HUGE_NUMBER = re.compile(rb"[:,\[\s]-?\d{19}")
SLICE, SLICE_BYTES = 1000, 4 << 20


def survey_array(path: Path, result: Survey, *, by_value: bool = False) -> None:
    """Survey a file that is one array into `result`; `by_value`: see `json_survey.survey`."""
    with open_bytes(path) as file:
        if file.read(3) == BOM:
            result.refuse(None, None, "it begins with a UTF-8 byte order mark, which the loader does not accept")
    dates = DateColumns()
    for rows in _slices(read_rows(path, "array")):
        readable = []
        for row in rows:
            if row.unread:
                continue
            if row.fault is not None:
                result.refuse(row.index, None, f"invalid JSON: {row.fault}")
            elif too_deep(row.raw):
                result.refuse(row.index, None, TOO_DEEP)
            elif by_value and row.value is None:
                pass  # a line may be null
            elif not isinstance(row.value, dict) or not (row.index or row.raw.startswith(b"{")):
                result.refuse(row.index, None, "the row is not an object")
            else:
                readable.append(row)
                if not by_value:
                    dates.add(row.value)
            result.num_rows = row.index + (not row.between)
        _merge_slice(readable, result, None if by_value else dates)
    result.types.update(dates.types())
    for place, column, reason in dates.odd:
        if not t.is_temporal(result.types[column]):
            result.refuse(place, column, reason, mixed=True)


def _merge_slice(rows: list[RawRow], result: Survey, dates: DateColumns | None) -> None:
    huge = [row for row in rows if _HUGE_NUMBER.search(row.raw)]
    for row in huge:
        if ujson_refuses(row.raw):
            result.refuse(row.index, None, "the row holds a number too large for the loader")
    if not rows or (not huge and _merge_as_lines(rows, result, by_value=dates is None)):
        return
    if dates is None:
        for row in rows:
            merge_row(replace(row, raw=json.dumps(row.value).encode()), result)
        return
    for column in dict.fromkeys(key for row in rows for key in row.value):
        known = result.types.get(column, pa.null())
        try:
            result.types[column] = merge(known, pa.array([row.value.get(column) for row in rows]).type, column)
        except (pa.ArrowException, TypeConflictError, OverflowError, TypeError, ValueError):
            for row in rows:
                _merge_value(row.index, column, row.value.get(column), result, dates)


def _merge_as_lines(rows: list[RawRow], result: Survey, *, by_value: bool) -> bool:
    """Type a slice with pyarrow's JSON reader, which is faster than its typing of Python objects and stricter: what it
    accepts the other accepts with the same types, but for dates, which pandas leaves as text.
    """
    data = b"\n".join(row.raw for row in rows)
    try:
        schema = paj.read_json(BytesIO(data), read_options=paj.ReadOptions(block_size=len(data) + 1)).schema
        types = {field.name: field.type if by_value else dates_as_text(field.type) for field in schema}
        merged = {name: merge(result.types.get(name, pa.null()), kind, name) for name, kind in types.items()}
    except (pa.ArrowException, TypeConflictError):
        return False
    result.types.update(merged)
    return True


def _merge_value(row: int, column: str, value: Any, result: Survey, dates: DateColumns) -> None:
    try:
        kind = pa.array([value]).type
    except OverflowError:
        if not (isinstance(value, int) and 0 <= value < 2**64):
            result.refuse(row, column, f"`{column}` holds a whole number beyond 64 bits")
            return
        kind = pa.uint64()  # pandas has unsigned columns, lists have not
    except UnicodeEncodeError:
        result.refuse(row, column, f"`{column}` holds half of a surrogate pair")
        return
    except (pa.ArrowException, TypeError, ValueError):
        path, which = mixed_within(value, column)
        result.refuse(row, path, f"`{path}` mixes types within one row{which}", mixed=True)
        return
    try:
        result.types[column] = merge(result.types.get(column, pa.null()), kind, column)
    except TypeConflictError as conflict:
        reason = f"`{conflict.path}` is {conflict}"
        if conflict.path == column and is_date_column(column):
            dates.odd.append((row, column, reason))
        else:
            result.refuse(row, conflict.path, reason, mixed=True)


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
