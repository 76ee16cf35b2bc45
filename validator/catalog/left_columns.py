"""The columns of a Parquet file that decide about rows, and those that a survey leaves to the shards: bytes, of which
any are as good as any others, such as the content of images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.schema import Schema

Path = tuple[str, ...]
"""The names from a column down to what is nested in it; `[]` for the elements of a list."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """The leaves of a table, by number and in its order, that a survey reads, and the schema that they must fit. `of`:
    how many there are.
    """

    leaves: tuple[int, ...]
    schema: Schema
    of: int


def deciding(own: pa.Schema, schema: Schema) -> Deciding | None:
    """What a survey reads of a table with its `own` columns where the entry has this `schema`; None where it has to
    read all of them: there are no bytes, nothing else, or bytes that must be converted.
    """
    if schema.partial or len(set(own.names)) < len(own.names):
        return None
    left: set[Path] = set()
    types: dict[str, pa.DataType] = {}
    for name, kind in schema.types.items():
        here = own.field(name).type if name in own.names else None
        without = kind if here is None else _without(here, kind, (name,), schema.images, left)
        if without is not None:
            types[name] = without
    leaves = [path for column in own for path in _leaves(column.type, (column.name,))]
    read = tuple(number for number, path in enumerate(leaves) if path not in left)
    if not left or not read:
        return None
    images = schema.images - {path for path in schema.images if _holds(path, left)}
    return Deciding(read, replace(schema, types=types, images=images), len(leaves))


def _without(
    own: pa.DataType, kind: pa.DataType, path: Path, images: frozenset[str], left: set[Path]
) -> pa.DataType | None:
    """A type of the schema without the bytes that the table has in it too, None where nothing else is in it. Adds what
    is left out to `left`.
    """
    if _is_bytes(own) and own == kind:
        left.add(path)
        return None
    if _is_list(own) and _is_list(kind):
        inner = _without(own.value_type, kind.value_type, (*path, "[]"), images, left)
        return None if inner is None else pa.large_list(inner) if t.is_large_list(kind) else pa.list_(inner)
    if not (t.is_struct(own) and t.is_struct(kind)) or (own != kind and _dotted(path) in images):
        return kind
    names = [child.name for child in own]
    if len(set(names)) < len(names) or {child.name for child in kind} != set(names):
        return kind
    children = [
        (child.name, _without(own.field(child.name).type, child.type, (*path, child.name), images, left))
        for child in kind
    ]
    some = [(name, inner) for name, inner in children if inner is not None]
    return pa.struct(some) if some else None


def _leaves(kind: pa.DataType, path: Path) -> Iterator[Path]:
    """The paths of what holds values, in the order of Parquet's columns."""
    if t.is_struct(kind):
        for child in kind:
            yield from _leaves(child.type, (*path, child.name))
    elif t.is_map(kind):
        yield from _leaves(kind.key_type, (*path, "key"))
        yield from _leaves(kind.item_type, (*path, "value"))
    elif _is_list(kind) or t.is_fixed_size_list(kind):
        yield from _leaves(kind.value_type, (*path, "[]"))
    else:
        yield path


def _holds(image: str, left: set[Path]) -> bool:
    return any(_dotted(path[:-1]) == image for path in left)


def _dotted(path: Path) -> str:
    """As the schema writes the paths of images: `images[]`, `turns[].shot`."""
    return ".".join(path).replace(".[]", "[]")


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(t.is_binary(kind) or t.is_large_binary(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(t.is_list(kind) or t.is_large_list(kind))
