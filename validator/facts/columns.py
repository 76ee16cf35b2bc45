"""Rows of Python objects -> Arrow columns of a given schema, value by value: several times faster than through JSON."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pyarrow import types as t


class Column(Protocol):
    """Collects the values of one column."""

    def append(self, value: Any, /) -> None:
        """Add a value."""
        ...

    def take(self) -> pa.Array:
        """The values so far; the column is empty afterwards."""
        ...


def column(kind: pa.DataType) -> Column:
    """A column of a type: plain values, lists of a type, or objects whose attributes are named like a struct's."""
    if t.is_list(kind):
        return _Lists(kind)
    return _Objects(kind) if t.is_struct(kind) else _Values(kind)


class _Values:
    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._values: list[Any] = []
        self.append = self._values.append

    def take(self) -> pa.Array:
        array = plain_array(self._values, self._kind)
        self._values.clear()
        return array


def plain_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Numbers, booleans or texts as an array, None as null. `pa.array` does the same, but imports pandas for it."""
    validity = None
    if None in values:
        present = np.fromiter((value is not None for value in values), bool, len(values))
        validity = pa.py_buffer(np.packbits(present, bitorder="little"))
        nothing: Any = "" if t.is_string(kind) or t.is_binary(kind) else 0
        values = [nothing if value is None else value for value in values]
    if t.is_boolean(kind):
        buffers: list[Any] = [np.packbits(np.array(values, bool), bitorder="little")]
    elif t.is_string(kind) or t.is_binary(kind):
        encoded = [value.encode() if isinstance(value, str) else value for value in values]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        assert not len(ends) or ends[-1] < 1 << 31
        buffers = [np.concatenate(([0], ends)).astype(np.int32), b"".join(encoded)]
    else:
        buffers = [np.array(values, kind.to_pandas_dtype())]
    return pa.Array.from_buffers(kind, len(values), [validity, *map(pa.py_buffer, buffers)])


class _Lists:
    """Lists of one type; None is null."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._items = column(kind.value_type)
        self._lengths: list[int | None] = []

    def append(self, value: Any) -> None:
        if value is None:
            self._lengths.append(None)
            return
        self._lengths.append(len(value))
        if value:
            append = self._items.append
            for item in value:
                append(item)

    def take(self) -> pa.Array:
        offsets = [0]
        for length in self._lengths:
            offsets.append(offsets[-1] + (length or 0))
        mask = plain_array([length is None for length in self._lengths], pa.bool_())
        places = plain_array(offsets, pa.int32())
        array = pa.ListArray.from_arrays(places, self._items.take(), type=self._kind, mask=mask)
        self._lengths.clear()
        return array


class _Objects:
    """Objects with the attributes of a struct, of which there are at least two; none of them is null."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._columns = [column(child.type) for child in kind]
        self._read = attrgetter(*(child.name for child in kind))
        self._number = 0

    def append(self, value: Any) -> None:
        self._number += 1
        for part, item in zip(self._columns, self._read(value), strict=True):
            part.append(item)

    def take(self) -> pa.Array:
        arrays = [part.take() for part in self._columns]
        self._number = 0
        return pa.StructArray.from_arrays(arrays, fields=list(self._kind))


class Batch:
    """Collects rows, given as values in the order of a schema."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [column(field.type) for field in schema]
        self.num_rows = 0

    def append(self, row: tuple[Any, ...]) -> None:
        """Add a row."""
        self.num_rows += 1
        for part, value in zip(self._columns, row, strict=True):
            part.append(value)

    def take(self) -> pa.RecordBatch:
        """The rows so far; the batch is empty afterwards."""
        self.num_rows = 0
        return pa.RecordBatch.from_arrays([part.take() for part in self._columns], schema=self._schema)
