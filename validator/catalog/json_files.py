"""JSON files as members of an entry: surveyed against the columns that an earlier file has fixed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as paj
from pyarrow import types as t

from validator.catalog.arrow_cast import CastError, fit_table
from validator.catalog.json_rows import RawRow, read_rows
from validator.catalog.json_survey import survey
from validator.catalog.marks import Span, read_span
from validator.catalog.schema import Schema
from validator.catalog.survey import Grown, Survey


def survey_json(path: Path, schema: Schema | None, *, by_value: bool = False, grown: Grown | None = None) -> Survey:
    """Survey a json or jsonl file; `schema` is the one that an earlier file of the entry has fixed;
    `by_value`, `grown`: see `json_survey.survey`.

    Raises OSError where the file cannot be read.
    """
    result = survey(path, by_value=by_value, grown=grown)
    if schema is None:
        return result
    result.fixed, own = schema, result.types
    odd = {name for name, kind in own.items() if not _as_is(kind, schema.types.get(name))}
    if odd:
        result.own = pa.schema(list(own.items()))
        _find_misfits(path, result, schema, odd)
    result.types = dict(schema.types)
    return result


def json_rows(path: Path, result: Survey, span: Span, *, loader_floats: bool = False) -> Iterator[RawRow]:
    """Rows of a surveyed file, converted to the types of the entry's first file where they differ."""
    for row in read_span(path, result.layout, span, loader_floats=loader_floats) if span.stretches else ():
        if result.own is None or result.fixed is None or not isinstance(row.value, dict):
            yield row
        else:
            yield replace(row, value=_converted(row, result.layout == "array", result.own, result.fixed))


def _as_is(kind: pa.DataType, target: pa.DataType | None) -> bool:
    """Whether values need no conversion: the same type, or objects that lack some keys."""
    if target is None:
        return False
    if kind == target or t.is_null(kind):
        return True
    if t.is_struct(kind) and t.is_struct(target):
        known = {child.name: child.type for child in target}
        return all(_as_is(child.type, known.get(child.name)) for child in kind)
    if t.is_list(kind) and t.is_list(target):
        return _as_is(kind.value_type, target.value_type)
    return False


def _find_misfits(path: Path, result: Survey, schema: Schema, odd: set[str]) -> None:
    """Refuse the first row that does not fit, for each column."""
    waiting = set(odd)
    for row in read_rows(path, result.layout):
        if not isinstance(row.value, dict):
            continue
        for name in sorted(waiting & row.value.keys()):
            try:
                fit_table(_table({name: row.value[name]}, row, result.layout == "array", None), schema)
            except CastError as error:
                result.refuse(row.index, error.column, f"{error}; {_FIXED}")
                waiting.discard(name)
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                continue  # refused for itself
        if not waiting:
            return
    for name in sorted(waiting - schema.types.keys()):
        result.refuse(None, name, f"`{name}` appears for the first time; {_FIXED}")


_FIXED = "the loader fixes the columns from the first file that it reads"


def _converted(row: RawRow, array: bool, own: pa.Schema, schema: Schema) -> Any:
    try:
        value: Any = fit_table(_table(row.value, row, array, own), schema).to_pylist()[0]
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return row.value  # refused by the survey
    return value


def _table(value: dict[str, Any], row: RawRow, array: bool, own: pa.Schema | None) -> pa.Table:
    """One row as a table: lines are typed by pyarrow's JSON reader, which sees dates, arrays as Python objects."""
    if array:
        schema = own and pa.schema([own.field(name) for name in value if name in own.names])
        return pa.Table.from_pylist([value], schema=schema)
    parsed = paj.read_json(BytesIO(row.raw), parse_options=paj.ParseOptions(explicit_schema=own) if own else None)
    return parsed.select([name for name in parsed.column_names if name in value])
