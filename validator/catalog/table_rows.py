"""What the file formats that hold tables have in common: survey and rows of a stream of Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import xxhash

from validator.catalog.arrow_cast import CastError, fit_table
from validator.catalog.json_rows import RawRow, ujson
from validator.catalog.schema import Schema, StoredImage, UnknownColumnError, is_json, readable, schema_of
from validator.catalog.survey import Survey

UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)
"""What readers raise on damaged files. Errors of text decoding and of pandas are ValueErrors; a damaged length can ask
for more memory than there is."""
ROWS = 256
"""Rows of one table held in memory, at most."""
BATCH_BYTES = 16 << 20
"""The same in bytes, about: rows may hold images."""


def own_schema(arrow: pa.Schema, kinds: frozenset[str], survey: Survey) -> Schema:
    """The schema of a file; where the loader refuses it, which is noted once, that of what can be read."""
    try:
        return schema_of(arrow, kinds)
    except UnknownColumnError as error:
        survey.refuse(None, error.column, str(error))
        return readable(arrow)


def survey_tables(tables: Iterator[pa.Table], survey: Survey, schema: Schema | None) -> Survey:
    """Read all tables of a file. `schema` is the one that an earlier file of the entry, or this file's own header,
    has fixed; without one the first table fixes it. Errors of Arrow, of text decoding and of parsing become refusals.
    """
    own: dict[str, pa.DataType] = {}
    told: set[str] = set()
    try:
        for table in tables:
            own.update((column.name, column.type) for column in table.schema if column.name not in own)
            if schema is None:
                schema = schema_of(table.schema)
            _judge(table, schema, survey, told)
            survey.num_rows += table.num_rows
    except UNREADABLE as error:
        survey.refuse(None, None, f"{type(error).__name__}: {str(error).strip()}")
    survey.fixed = schema
    survey.types = dict(schema.types) if schema is not None else own
    return survey


def table_rows(tables: Iterator[pa.Table], survey: Survey, index: int = 0) -> Iterator[RawRow]:
    """The rows of a surveyed file as the loader hands them to the converter, up to where the file cannot be read.
    `index` is the number of the first row of the tables.

    `raw` is the row as JSON, with a hash in the place of bytes: the content hash is taken from it.
    """
    schema = survey.fixed or Schema()
    try:
        for table in tables:
            for value in _values(table, schema):
                fault = str(value) if isinstance(value, ValueError) else None
                row = None if fault is not None else value
                yield RawRow(index, 0, orjson.dumps(row, default=_plain), row, fault)
                index += 1
    except UNREADABLE:
        return  # the survey has reported it


def batch_rows(rows: int, size: int) -> int:
    """Rows of a table to hold in memory, of which some `rows` have a `size` in bytes."""
    return min(max(BATCH_BYTES * rows // max(size, 1), 1), ROWS)


def within(tables: Iterator[pa.Table], first: int, stop: int | None) -> Iterator[pa.Table]:
    """The rows of tables from a row up to another (excluded; None: to the end)."""
    begin = 0
    for table in tables:
        end = begin + table.num_rows
        if end > first or not table.num_rows:
            left = max(first - begin, 0)
            yield table.slice(left, None if stop is None else max(stop - begin - left, 0))
        begin = end
        if stop is not None and begin >= stop:
            return


def _fitted(table: pa.Table, schema: Schema) -> pa.Table:
    """The table under the schema. Raises CastError or ArrowInvalid (ValueErrors) where it does not fit or is damaged:
    damaged offsets would be followed to anywhere.
    """
    table.validate(full=True)
    fitted = fit_table(table, schema)
    fitted.validate(full=True)
    return fitted


def _judge(table: pa.Table, schema: Schema, survey: Survey, told: set[str]) -> None:
    """Refuse what does not fit, once for each column: of the file where no row could, else of the first such row."""
    try:
        _fitted(table, schema)
        return
    except (CastError, pa.ArrowInvalid):
        pass
    try:
        fit_table(table.slice(0, 0), schema)
    except CastError as error:
        if error.column not in told:
            survey.refuse(None, error.column, str(error))
            told.add(error.column)
        return
    except pa.ArrowInvalid:  # damaged: its rows say which
        pass
    for place in range(table.num_rows):
        try:
            _fitted(table.slice(place, 1), schema)
        except (CastError, pa.ArrowInvalid) as error:
            column = error.column if isinstance(error, CastError) else None
            if column is None or column not in told:
                survey.refuse(survey.num_rows + place, column, str(error))
                told.update([column] if column else ())


def _values(table: pa.Table, schema: Schema) -> Iterator[Any]:
    """Rows as Python values; a row that does not fit, or holds text that is no text, as a ValueError."""
    try:
        rows = _fitted(table, schema).to_pylist() or [{} for _ in range(table.num_rows)]  # none of its columns is known
    except ValueError:
        for place in range(table.num_rows):
            try:
                yield from _shown(_fitted(table.slice(place, 1), schema).to_pylist(), table.schema, schema)
            except ValueError as error:
                yield error
        return
    yield from _shown(rows, table.schema, schema)


def _shown(rows: list[dict[str, Any]], own: pa.Schema, schema: Schema) -> list[dict[str, Any]]:
    """Rows with what the loader reads of columns of JSON and of images."""
    for name in (column.name for column in own if is_json(column.type)):
        for row in rows:
            row[name] = row[name] if row[name] is None else ujson(row[name])
    for row in rows if schema.images else ():
        for name in row:
            row[name] = _mark(row[name], name, schema.images)
    return rows


def _mark(value: Any, path: str, images: frozenset[str]) -> Any:
    if path in images:
        return value if value is None else StoredImage(value["bytes"], value["path"])
    if isinstance(value, list):
        return [_mark(item, f"{path}[]", images) for item in value]
    if isinstance(value, dict):
        return {name: _mark(item, f"{path}.{name}", images) for name, item in value.items()}
    return value


def _plain(value: Any) -> Any:
    return {"xxh3_128": xxhash.xxh3_128_hexdigest(value)} if isinstance(value, bytes) else str(value)
