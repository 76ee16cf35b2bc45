"""The Arrow types of records, from the type hints of their dataclasses; every column may hold nulls."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

Int32 = Annotated[int, pa.int32()]
"""Other integers are stored in 64 bits."""
FLAT: Mapping[str, Any] = {"flat": True}
"""Metadata of a field that holds a record whose columns stand among those of the outer one."""
_PLAIN = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_hints = cache(get_type_hints)
Record = TypeVar("Record")


def schema_of(record: Any) -> pa.Schema:
    """The columns of a dataclass, in its order."""
    return pa.schema([(name, type_of(hint)) for name, _, hint in _columns(record)])


def type_of(hint: Any) -> pa.DataType:
    """The Arrow type of a type hint: lists of what lists and tuples hold, maps of dictionaries, structs of dataclasses.
    Raises KeyError for what has no column.
    """
    hint, inner = _present(hint), get_args(_present(hint))
    if get_origin(hint) is Annotated:
        return inner[1]
    if get_origin(hint) is Literal:
        return _PLAIN[type(inner[0])]
    if get_origin(hint) in (list, tuple):
        return pa.list_(type_of(inner[0]))
    if get_origin(hint) is dict:
        return pa.map_(*map(type_of, inner))
    return pa.struct(list(schema_of(hint))) if is_dataclass(hint) else _PLAIN[hint]


def types_of(record: type) -> Mapping[str, Any]:
    """The type hints of a dataclass's fields."""
    return _hints(record, include_extras=True)


@cache
def attributes_of(record: type) -> Mapping[str, str]:
    """The columns of a dataclass, each with the attribute that holds it, as `attrgetter` takes it."""
    return {name: path for name, path, _ in _columns(record)}


def record_of(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A record of the values of its columns as plain objects; those that are left out are the record's own."""
    made: Record = _record(record, values)
    return made


def _record(record: Any, values: Mapping[str, Any]) -> Any:
    found = {}
    for field in fields(record):
        hint = types_of(record)[field.name]
        if field.metadata.get("flat"):
            found[field.name] = _record(hint, values)
        elif field.name in values:
            found[field.name] = _object(hint, values[field.name])
    return record(**found)


def _object(hint: Any, value: Any) -> Any:
    hint = _present(hint)
    if value is not None and get_origin(hint) in (list, tuple):
        return get_origin(hint)([_object(get_args(hint)[0], item) for item in value])
    return _record(hint, value) if value is not None and is_dataclass(hint) else value


def _present(hint: Any) -> Any:
    """A type hint without its `| None`."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
    return hint


def _columns(record: type) -> Iterator[tuple[str, str, Any]]:
    """Each column, the path of its attribute, and its type hint."""
    for field in fields(record):
        hint = types_of(record)[field.name]
        if field.metadata.get("flat"):
            yield from ((name, f"{field.name}.{path}", kind) for name, path, kind in _columns(hint))
        else:
            yield field.name, field.name, hint
