"""The columns of a table as the trainer's loader keeps them.

Source: `datasets` 4.0.0 `features.py`. Every file of an entry is written into one table whose columns are fixed by the
first table read. A `huggingface` block in the metadata of an Arrow schema can declare columns to be images: those are
decoded by the loader itself, before the trainer's converter sees the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import types as t

from validator.carried import carried

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_KEPT = (
    t.is_null,
    t.is_boolean,
    t.is_integer,
    t.is_floating,
    t.is_time,
    t.is_timestamp,
    t.is_date,
    t.is_duration,
    t.is_decimal128,
    t.is_decimal256,
    t.is_binary,
    t.is_large_binary,
    t.is_string,
    t.is_large_string,
)


def is_json(kind: pa.DataType) -> bool:
    """Whether a type is Arrow's for JSON: text that the loader reads."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.json"


_IS = {
    "string_view": t.is_string_view,
    "binary_view": t.is_binary_view,
    "fixed_size_binary": t.is_fixed_size_binary,
    "json": is_json,
}
"""Types that later releases keep."""


@carried
@dataclass(frozen=True, slots=True)
class Schema:
    """Column types, and the paths (`images[]`, `turns[].shot`) that the loader decodes to images. `partial`: tables
    have other columns too, which keep the loader from reading them at all.
    """

    types: dict[str, pa.DataType] = field(default_factory=dict)
    images: frozenset[str] = frozenset()
    partial: bool = False

    @property
    def arrow(self) -> pa.Schema:
        """The same columns as an Arrow schema, without metadata."""
        return pa.schema(list(self.types.items()))


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An element of a column that the loader decodes itself: the bytes of a file, or the path of one."""

    data: bytes | None
    path: str | None


class UnknownColumnError(ValueError):
    """The loader refuses a table for the type or the name of a column."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def schema_of(arrow: pa.Schema, kinds: frozenset[str] = frozenset()) -> Schema:
    """The loader's schema for a file with this Arrow schema.

    `kinds`: types that it takes besides. Raises UnknownColumnError for a type that it does not know and for a name that
    stands twice.
    """
    types: dict[str, pa.DataType] = {}
    for column in arrow:
        if column.name in types:
            raise UnknownColumnError(column.name, f"there are two columns `{column.name}`")
        try:
            types[column.name] = loader_type(column.type, kinds)
        except ValueError as error:
            reason = f"the column `{column.name}` has a type that this loader does not know: {error}"
            raise UnknownColumnError(column.name, reason) from None
    declared = _declared(arrow.metadata or {})
    paths = {path for name, kind in types.items() for path in _image_paths(kind, declared.get(name), name)}
    return Schema(types, frozenset(paths))


def readable(arrow: pa.Schema) -> Schema:
    """The columns that some release of the loader knows, of a table that this one refuses: rows are judged by them."""
    types: dict[str, pa.DataType] = {}
    for column in arrow:
        with suppress(ValueError):
            types.setdefault(column.name, loader_type(column.type, frozenset(_IS)))
    return Schema(types, partial=True)


def loader_type(kind: pa.DataType, kinds: frozenset[str] = frozenset()) -> pa.DataType:
    """The type that the loader stores a column of this type with. Raises ValueError in the loader's words."""
    if t.is_struct(kind):
        return pa.struct([(child.name, loader_type(child.type, kinds)) for child in kind])
    if t.is_fixed_size_list(kind):
        return pa.list_(loader_type(kind.value_type, kinds), kind.list_size)
    if t.is_list(kind):
        return pa.list_(loader_type(kind.value_type, kinds))
    if t.is_large_list(kind):
        return pa.large_list(loader_type(kind.value_type, kinds))
    if t.is_dictionary(kind):
        return loader_type(kind.value_type, kinds)
    if any(test(kind) for test in _KEPT) or any(name in kinds and _IS[name](kind) for name in _IS):
        return pa.string() if is_json(kind) else kind
    raise ValueError(f"Arrow type {kind} does not have a datasets dtype equivalent.")


def _declared(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _image_paths(kind: pa.DataType, declared: Any, path: str) -> Iterator[str]:
    """The paths below a column whose declaration says image and whose type is an image's."""
    if isinstance(declared, list) and len(declared) == 1:
        declared = {"_type": "List", "feature": declared[0]}
    if not isinstance(declared, dict):
        return
    word = declared.get("_type")
    if word == "Image" and declared.get("decode", True) and kind == IMAGE:
        yield path
    elif word in ("List", "LargeList", "Sequence") and (t.is_list(kind) or t.is_large_list(kind)):
        yield from _image_paths(kind.value_type, declared.get("feature"), f"{path}[]")
    elif not isinstance(word, str) and t.is_struct(kind):
        for child in kind:
            yield from _image_paths(child.type, declared.get(child.name), f"{path}.{child.name}")
