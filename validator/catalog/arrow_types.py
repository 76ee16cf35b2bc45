"""How the trainer's loader joins the column types of many rows into one schema, and what it cannot join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa
from pyarrow import types as t


class TypeConflictError(ValueError):
    """Two rows give one column types that no Arrow column can hold together."""

    def __init__(self, path: str, first: pa.DataType, second: pa.DataType) -> None:
        super().__init__(f"{describe(second)} here, {describe(first)} in an earlier row")
        self.path, self.first, self.second = path, describe(first), describe(second)


PARTS = "a list of parts"
_KEYS_OF_PARTS = frozenset(("text", "image", "image_url", "video", "video_url"))


def is_list_of_parts(kind: pa.DataType) -> bool:
    """Whether values of a type are contents in parts, as chat APIs write them."""
    item = kind.value_type if t.is_list(kind) else None
    return item is not None and t.is_struct(item) and not _KEYS_OF_PARTS.isdisjoint(field.name for field in item)


def describe(kind: pa.DataType) -> str:
    """Name an Arrow type in JSON's words."""
    if is_list_of_parts(kind):
        return PARTS
    for test, name in (
        (t.is_null, "null"),
        (t.is_string, "a string"),
        (t.is_boolean, "true or false"),
        (t.is_struct, "an object"),
        (t.is_list, "a list"),
        (t.is_temporal, "a date"),
    ):
        if test(kind):
            return name
    return "a number"


def merge(first: pa.DataType, second: pa.DataType, path: str = "") -> pa.DataType:
    """Join two inferred types as pyarrow's inference does within one table. Raises TypeConflictError."""
    if first == second or t.is_null(second):
        return first
    if t.is_null(first):
        return second
    if t.is_struct(first) and t.is_struct(second):
        fields = {field.name: field.type for field in first}
        for field in second:
            known = fields.get(field.name)
            fields[field.name] = field.type if known is None else merge(known, field.type, f"{path}.{field.name}")
        return pa.struct(list(fields.items()))
    if t.is_list(first) and t.is_list(second):
        return pa.list_(merge(first.value_type, second.value_type, f"{path}[]"))
    numbers = (t.is_integer, t.is_floating)
    if any(test(first) for test in numbers) and any(test(second) for test in numbers):
        return pa.float64()
    if {t.is_string(first), t.is_string(second)} == {True, False} and (t.is_temporal(first) or t.is_temporal(second)):
        return pa.string()
    raise TypeConflictError(path, first, second)


def steps_of(path: str) -> list[str]:
    """The steps of a path into a column: `messages[].content` is messages, [], content."""
    return path.replace("[]", ".[]").split(".")


def mixed_within(value: Any, path: str) -> tuple[str, str]:
    """Where within a value, which Arrow does not take, things of different types stand side by side, and in words
    which; `path` and nothing if nowhere in particular.
    """
    try:
        _infer(value, path)
    except TypeConflictError as conflict:
        return conflict.path, f": {conflict.second} beside {conflict.first}"
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        pass
    return path, ""


def _infer(value: Any, path: str) -> pa.DataType:
    if isinstance(value, dict):
        return pa.struct([(name, _infer(inner, f"{path}.{name}")) for name, inner in value.items()])
    if not isinstance(value, list):
        return pa.array([value]).type
    kind = pa.null()
    for item in value:
        kind = merge(kind, _infer(item, f"{path}[]"), f"{path}[]")
    return pa.list_(kind)


def dates_as_text(kind: pa.DataType) -> pa.DataType:
    """The type with every date replaced by a string."""
    if t.is_struct(kind):
        return pa.struct([(field.name, dates_as_text(field.type)) for field in kind])
    if t.is_list(kind):
        return pa.list_(dates_as_text(kind.value_type))
    return pa.string() if t.is_temporal(kind) else kind


def castable(source: pa.DataType, target: pa.DataType, path: str) -> str | None:
    """Say why a later table of one file cannot take the schema of its first table, None if it can.

    Source: `datasets` 4.0.0 `table.cast_array_to_feature`: structs may lack fields but not add any, and a column that
    was only null so far cannot become anything else.
    """
    if source == target or t.is_null(source):
        return None
    if t.is_struct(source) and t.is_struct(target):
        known = {field.name: field.type for field in target}
        for field in source:
            inner = f"{path}.{field.name}"
            if field.name not in known:
                return f"`{inner}` appears for the first time"
            if reason := castable(field.type, known[field.name], inner):
                return reason
        return None
    if t.is_list(source) and t.is_list(target):
        return castable(source.value_type, target.value_type, f"{path}[]")
    if t.is_nested(source) or t.is_nested(target) or t.is_null(target):
        return f"`{path}` is {describe(source)} here, {describe(target)} before"
    if (t.is_string(target) and t.is_temporal(source)) or (t.is_floating(target) and t.is_integer(source)):
        return None
    return f"`{path}` is {describe(source)} here, {describe(target)} before"


def check_names(fields: Iterable[pa.Field]) -> None:
    """Raise UnicodeDecodeError where the name of a field, or of one within, is no text."""
    for field in fields:
        field.name  # noqa: B018 - decoded when it is asked for
        check_names(field.type.field(place) for place in range(field.type.num_fields))


@lru_cache(maxsize=256)  # many files have the same columns
def projector(kind: pa.DataType) -> Callable[[Any], Any]:
    """Make a function that shows a parsed value as the trainer sees it after Arrow: missing keys become None, keys
    stand in the order of the schema, whole numbers among decimals become decimals, dates become datetimes.
    """
    if t.is_struct(kind):
        inner = [(field.name, projector(field.type)) for field in kind]
        plain = all(function is _same for _, function in inner)
        names = tuple(name for name, _ in inner)

        def struct(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            if plain:
                return value if tuple(value) == names else {name: value.get(name) for name in names}
            return {name: function(value.get(name)) for name, function in inner}

        return struct
    if t.is_list(kind):
        item = projector(kind.value_type)
        if item is _same:
            return _same
        return lambda value: [item(element) for element in value] if isinstance(value, list) else value
    if t.is_floating(kind):
        return lambda value: float(value) if isinstance(value, int) else value
    if t.is_temporal(kind):
        return lambda value: _moment(value, kind) if isinstance(value, str) else value
    return _same


_NO_MOMENT = ("", "nat", "nan")
"""Texts, in any case, of which pandas makes null among dates."""


def _moment(text: str, kind: pa.DataType) -> datetime | None:
    """The date that a text became. Which one it is of those that pandas alone reads ("May 2024") is not worked out: no
    trainer takes a date for a text.
    """
    if text.lower() in _NO_MOMENT:
        return None
    try:
        made: datetime = pa.scalar(text).cast(kind).as_py()
    except pa.ArrowException:
        return datetime.min
    return made


def dates_within(kind: pa.DataType, path: str) -> Iterator[str]:
    """The paths of dates within a column of a type."""
    if t.is_temporal(kind):
        yield path
    elif t.is_struct(kind):
        for field in kind:
            yield from dates_within(field.type, f"{path}.{field.name}")
    elif t.is_list(kind):
        yield from dates_within(kind.value_type, f"{path}[]")


def _same(value: Any) -> Any:
    return value
