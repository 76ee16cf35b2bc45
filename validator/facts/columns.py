"""Rows of Python objects -> Arrow columns of a given schema, value by value: several times faster than through JSON."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Protocol

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
        array = pa.array(self._values, self._kind)
        self._values.clear()
        return array


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
        offsets, end = [], 0
        for length in self._lengths:
            offsets.append(end)
            end += length or 0
        mask = pa.array([length is None for length in self._lengths], pa.bool_())
        array = pa.ListArray.from_arrays(
            pa.array([*offsets, end], pa.int32()), self._items.take(), type=self._kind, mask=mask
        )
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
