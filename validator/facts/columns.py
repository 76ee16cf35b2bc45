"""Rows of Python objects -> Arrow columns of a given schema, and back: faster than through JSON or dicts."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import types as t

from validator.records.arrow import attributes_of


class Batch:
    """Collects rows of a schema, given as values in the order of some names, which are all of its columns."""

    def __init__(self, schema: pa.Schema, names: Sequence[str]) -> None:
        self._schema, self._names = schema, names
        self._rows: list[tuple[Any, ...]] = []
        self.append = self._rows.append

    @property
    def num_rows(self) -> int:
        """The rows so far."""
        return len(self._rows)

    def take(self) -> pa.RecordBatch:
        """The rows so far; the batch is empty afterwards."""
        columns = dict(
            zip(self._names, zip(*self._rows, strict=True) if self._rows else ((),) * len(self._names), strict=True)
        )
        arrays = [array_of(list(columns[field.name]), field.type) for field in self._schema]
        self._rows.clear()
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def array_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values of a type as an array: plain values, lists of a type, or records of the dataclass that a struct was made
    of. None is null; records are never null.
    """
    if t.is_struct(kind):
        paths = attributes_of(values[0].__class__) if values else {}
        arrays = [
            array_of([*map(attrgetter(paths[field.name]), values)] if values else [], field.type) for field in kind
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(kind))
    return _lists(values, kind) if t.is_list(kind) else plain_array(values, kind)


def _lists(values: list[Any], kind: pa.DataType) -> pa.Array:
    mask = None
    try:
        ends = _ends(values)
    except TypeError:  # of None
        mask = plain_array([value is None for value in values], pa.bool_())
        values = [() if value is None else value for value in values]
        ends = _ends(values)
    items = array_of(list(chain.from_iterable(values)), kind.value_type)
    places = pa.Array.from_buffers(pa.int32(), len(ends), [None, pa.py_buffer(ends)])
    return pa.ListArray.from_arrays(places, items, type=kind, mask=mask)


def values_of(array: pa.Array) -> list[Any]:
    """The values of an array: lists and structs become tuples, the latter in the order of their fields. Structs are
    never null. Several times faster than `to_pylist` for what is nested or in a dictionary.
    """
    if t.is_struct(array.type):
        return list(zip(*map(values_of, array.flatten()), strict=True))
    if t.is_list(array.type):
        ends = numbers_of(array.offsets).tolist()
        items = values_of(array.values.slice(ends[0], ends[-1] - ends[0])) if len(array) else []
        begin = ends[0]
        found = [tuple(items[start - begin : stop - begin]) for start, stop in pairwise(ends)]
        if array.null_count:
            present = array.is_valid().to_pylist()
            found = [value if there else None for value, there in zip(found, present, strict=True)]  # type: ignore[misc]
        return found
    if t.is_dictionary(array.type):
        names = [*array.dictionary.to_pylist(), None]  # null is place -1
        return [names[place] for place in array.indices.fill_null(-1).to_pylist()]
    values: list[Any] = [None] * len(array) if array.null_count == len(array) else array.to_pylist()
    return values


def plain_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Numbers, booleans or texts as an array, None as null. `pa.array` does the same, but imports pandas for it."""
    validity = None
    try:
        buffers = _buffers(values, kind)
    except TypeError:  # of None, which is not looked for where there is none
        if values.count(None) == len(values):
            return pa.nulls(len(values), kind)
        present = np.fromiter((value is not None for value in values), bool, len(values))
        validity = np.packbits(present, bitorder="little")
        nothing: Any = "" if t.is_string(kind) else b"" if t.is_binary(kind) else 0
        buffers = _buffers([nothing if value is None else value for value in values], kind)
    return pa.Array.from_buffers(
        kind, len(values), [None if validity is None else pa.py_buffer(validity), *map(pa.py_buffer, buffers)]
    )


def _buffers(values: list[Any], kind: pa.DataType) -> list[Any]:
    """Raises TypeError where one is None."""
    if t.is_boolean(kind):
        return [np.packbits(np.frombuffer(bytes(values), bool), bitorder="little")]
    if t.is_string(kind) or t.is_binary(kind):
        return _joined(values)
    return [array(np.dtype(kind.to_pandas_dtype()).char, values)]


def _joined(values: list[Any]) -> list[Any]:
    """Texts or bytes one after the other, and where each ends."""
    if values and isinstance(values[0], str):
        text = "".join(values)
        whole = text.encode()
        if len(whole) > len(text):
            values = [value.encode() for value in values]
    else:
        whole = b"".join(values)
    return [_ends(values), whole]


def _ends(values: list[Any]) -> np.ndarray:
    """Where each of some things ends that stand behind each other, and a zero before. Raises TypeError where one is
    None.
    """
    ends = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=ends[1:])
    assert ends[-1] < 1 << 31
    return ends.astype(np.int32)


def integers(values: np.ndarray) -> pa.Array:
    """Integers as an array of int64 without nulls."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values.astype(np.int64, copy=False))])


def numbers_of(array: pa.Array) -> np.ndarray:
    """Integers as numpy sees them, null as -1. `to_numpy` does the same, but imports pandas for it."""
    validity, data = array.buffers()
    if array.null_count == len(array):
        return np.full(len(array), -1, array.type.to_pandas_dtype())
    here = slice(array.offset, array.offset + len(array))
    values = np.frombuffer(data, array.type.to_pandas_dtype())[here]
    if array.null_count:
        values = np.where(np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[here], values, -1)
    return values


def has_items(column: pa.Array) -> np.ndarray:
    """Where a column of lists has any."""
    return np.asarray(np.diff(numbers_of(column.offsets)) > 0)


def places_of(column: pa.Array) -> tuple[list[Any], np.ndarray]:
    """The different values of a column of texts, and the place of each record's among them; -1 where it is null."""
    places = column.dictionary_encode()
    return places.dictionary.to_pylist(), numbers_of(places.indices)


def are_among(column: pa.Array, wanted: Collection[str]) -> np.ndarray:
    """Where a column of texts has one of some values."""
    values, places = places_of(column)
    asked = np.array([*(value in wanted for value in values), False], bool)
    return np.asarray(asked[places])


def counted(column: pa.Array, chosen: np.ndarray | slice = slice(None)) -> dict[str, int]:
    """How often each text of a column without nulls is among the chosen ones."""
    values, places = places_of(column)
    return dict(zip(values, np.bincount(places[chosen], minlength=len(values)).tolist(), strict=True))


def hashes_of(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of 64 bits, each written in 16 hexadecimal digits, as unsigned integers, and where there is one: not
    where the text is null or empty. Raises ValueError where another text is none.
    """
    found, there = np.zeros(len(array), np.uint64), np.zeros(len(array), bool)
    if array.null_count < len(array):
        _, offsets, data = array.buffers()
        ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
        there = np.diff(ends) > 0
        if (np.diff(ends)[there] != 16).any():
            raise ValueError("a hash of another length")
        digits = memoryview(data)[ends[0] : ends[-1]]
        found[there] = np.frombuffer(bytes.fromhex(str(digits, "ascii")), ">u8")
    return found, there


def text_scalar(text: str) -> pa.Scalar:
    """A text for functions that take columns and single values. `pa.scalar` imports pandas."""
    return plain_array([text], pa.string())[0]
