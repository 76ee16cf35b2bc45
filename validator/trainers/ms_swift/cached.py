"""Rows of `cached_dataset`: as the loader leaves them, and their lengths. They are encoded when they are trained on.

Sources: ms-swift 4.6.0 `dataset/preprocessor/core.py` (`_check_messages`, `_cast_mm_data`, `_patch_arrow_writer`),
`dataset/utils.py` (`AddLengthPreprocessor`), `pipelines/utils.py` (`get_cached_dataset`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from validator.catalog.json_rows import stored_json
from validator.catalog.schema import StoredImage
from validator.trainers.ms_swift.rows import load

if TYPE_CHECKING:
    from validator.catalog.entry import Entry
    from validator.conversation.sample import MediaKind

_JSON, _PATHS, _LENGTHS = pa.json_(pa.string()), pa.list_(pa.string()), pa.list_(pa.int64())
_IMAGES = pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
_OF_MESSAGE = ("role", "content", "loss", "loss_scale")
_CHANGES_TEXT = "chat_template_kwargs"


@dataclass(frozen=True)
class CachedDataset:
    """The columns that a row of supervised training can have."""

    key: str = "cached_dataset"
    within: str = "train"
    keeps: Literal["rows"] = "rows"

    def loaded(self, row: dict[str, Any], entry: Entry) -> dict[str, Any]:
        """A row that is fed. Raises ValueError."""
        if row.get(_CHANGES_TEXT):
            raise ValueError(f"has `{_CHANGES_TEXT}`, which is not written")
        found = load(row, entry)
        assert found is not None  # such rows are left out
        if any(isinstance(video, list) for video in found.videos or ()):
            raise ValueError("has a video as a list of frames, which is not written")
        return {
            "messages": [stored_json(_message(message)) for message in found.messages],
            "images": None if found.images is None else [_image(image) for image in found.images],
            "videos": found.videos,
            "tools": [stored_json(tool) for tool in found.tools] or None,
            "objects": stored_json(found.objects or None),
        }

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """Messages, media, tools, objects, and the lengths of a row: one."""
        videos = {"videos": _PATHS} if "video" in media else {}
        json = pa.list_(_JSON)
        return pa.schema(
            {"messages": json, "images": _IMAGES, **videos, "tools": json, "objects": _JSON, "lengths": _LENGTHS}
        )

    def media_types(self, schema: pa.Schema) -> dict[MediaKind, pa.DataType]:
        """Of paths."""
        types: dict[MediaKind, pa.DataType] = {"image": pa.string()}
        return types | ({"video": pa.string()} if "videos" in schema.names else {})

    def rows(self, rows: Sequence[dict[str, Any]], lengths: Sequence[int], schema: pa.Schema) -> pa.RecordBatch:
        """Rows under a schema."""
        columns = {name: [row[name] for row in rows] for name in schema.names if name != "lengths"}
        columns["lengths"] = [[length] for length in lengths]
        return pa.RecordBatch.from_arrays(
            [_column(columns[name], schema.field(name).type) for name in schema.names], schema=schema
        )


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    of_tool = ("name",) if message["role"] in ("tool", "tool_response") else ()
    return {key: message[key] for key in (*_OF_MESSAGE, *of_tool) if key in message}


def _image(image: Any) -> dict[str, Any]:
    if isinstance(image, StoredImage):
        return {"bytes": image.data, "path": image.path}
    return image if isinstance(image, dict) else {"bytes": None, "path": image}


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column of a type that may hold JSON, whose values are then text."""
    if isinstance(kind, pa.JsonType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, pa.string()))
    if pa.types.is_list(kind) and isinstance(kind.value_type, pa.JsonType):
        texts = pa.array(values, pa.list_(pa.string()))
        items = pa.ExtensionArray.from_storage(kind.value_type, texts.values)
        return pa.Array.from_buffers(kind, len(texts), texts.buffers()[:2], children=[items])
    return pa.array(values, kind)
