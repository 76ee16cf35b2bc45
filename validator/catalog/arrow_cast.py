"""Fits later tables of an entry into the columns of its first, as the trainer's loader does.

Source: `datasets` 4.0.0 `table.py`: a table may lack columns, and objects may lack keys (null is put there); neither
may add any. Values are converted where Arrow can convert them all: "2" fits a column of whole numbers, "x" does not.
"""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.arrow_types import describe
from validator.catalog.schema import IMAGE, Schema, is_json


class CastError(ValueError):
    """A table does not fit. `column` is the path of what does not."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def fit_table(table: pa.Table, schema: Schema) -> pa.Table:
    """The table with the schema's columns, in its order. Raises CastError."""
    if schema.partial:
        table = table.select(
            sorted({table.column_names.index(name) for name in table.column_names if name in schema.types})
        )
    for name in table.column_names:
        if name not in schema.types:
            raise CastError(name, f"`{name}` is a column that the first table of the entry does not have")
    present = set(table.column_names)
    columns = [
        fit_array(table[name], kind, name, schema.images) if name in present else pa.nulls(table.num_rows, kind)
        for name, kind in schema.types.items()
    ]
    return pa.Table.from_arrays(columns, schema=schema.arrow)


def fit_array(
    array: pa.Array | pa.ChunkedArray, target: pa.DataType, path: str, images: frozenset[str] = frozenset()
) -> pa.Array | pa.ChunkedArray:
    """Convert one column or what is nested in it. Raises CastError with the path of what does not fit."""
    if array.type == target:
        return array
    if isinstance(array, pa.ChunkedArray):
        return pa.chunked_array([fit_array(chunk, target, path, images) for chunk in array.chunks], target)
    source = array.type
    if is_json(source):
        return fit_array(array.storage, target, path, images)
    if t.is_null(source):
        return pa.nulls(len(array), target)
    if t.is_dictionary(source):
        return fit_array(array.dictionary_decode(), target, path, images)
    if path in images:
        return _as_image(array, path)
    if t.is_struct(source) and t.is_struct(target):
        return _fit_struct(array, target, path, images)
    if _is_list(source) and _is_list(target):
        return _fit_list(array, target, path, images)
    if t.is_nested(source) or t.is_nested(target) or t.is_null(target):
        raise CastError(path, f"`{path}` is {describe(source)} here, {describe(target)} before")
    try:
        return array.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise CastError(path, f"`{path}` is {describe(source)} here, {describe(target)} before: {error}") from None


def _fit_struct(array: pa.Array, target: pa.DataType, path: str, images: frozenset[str]) -> pa.Array:
    known = {child.name for child in target}
    for child in array.type:
        if child.name not in known:
            raise CastError(f"{path}.{child.name}", f"`{path}.{child.name}` appears for the first time")
    present = {child.name for child in array.type}
    columns = [
        fit_array(array.field(child.name), child.type, f"{path}.{child.name}", images)
        if child.name in present
        else pa.nulls(len(array), child.type)
        for child in target
    ]
    return pa.StructArray.from_arrays(columns, fields=list(target), mask=array.is_null())


def _fit_list(array: pa.Array, target: pa.DataType, path: str, images: frozenset[str]) -> pa.Array:
    if t.is_fixed_size_list(target):
        try:
            return array.cast(target)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise CastError(path, f"`{path}` does not fit {target}: {error}") from None
    values = fit_array(array.flatten(), target.value_type, f"{path}[]", images)
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = [0, *lengths.cumsum().tolist()]
    kind, size = (pa.LargeListArray, pa.int64()) if t.is_large_list(target) else (pa.ListArray, pa.int32())
    return kind.from_arrays(pa.array(offsets, size), values, type=target, mask=array.is_null())


def _as_image(array: pa.Array, path: str) -> pa.Array:
    """A path, the bytes of a file, or an object with either, as the pair that an image column stores."""
    source, missing = array.type, array.is_null()
    parts: dict[str, pa.Array] = {}
    if t.is_string(source):
        parts["path"] = array
    elif t.is_binary(source):
        parts["bytes"] = array
    elif t.is_struct(source):
        parts = {child.name: array.field(child.name) for child in source if child.name in ("bytes", "path")}
    else:
        raise CastError(path, f"`{path}` is {describe(source)} here, an image before")
    columns = [
        fit_array(parts[child.name], child.type, f"{path}.{child.name}")
        if child.name in parts
        else pa.nulls(len(array), child.type)
        for child in IMAGE
    ]
    return pa.StructArray.from_arrays(columns, fields=list(IMAGE), mask=missing)


def _is_list(kind: pa.DataType) -> bool:
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))
