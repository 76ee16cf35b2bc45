"""Columns of images, videos and audios: by their names, and by what their values look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from validator.catalog.recognise.columns import Columns, ColumnValues, named, quoted
from validator.catalog.schema import StoredImage

NAMES = {
    "images": ("images", "image", "image_paths", "image_path", "image_files", "image_file", "imgs", "img", "img_path",
               "pictures", "picture", "photos", "photo"),
    "videos": ("videos", "video", "video_paths", "video_path"),
    "audios": ("audios", "audio", "audio_paths", "audio_path"),
}  # fmt: skip
_ENDINGS = {
    "images": "png|jpe?g|webp|gif|bmp|tiff?|heic|avif|jfif",
    "videos": "mp4|mkv|webm|avi|mov|m4v|mpe?g|flv",
    "audios": "wav|mp3|flac|ogg|m4a|opus|aac",
}
_ENDS = {column: re.compile(rf"\.({endings})\Z", re.IGNORECASE) for column, endings in _ENDINGS.items()}
_NO_MEDIA = frozenset(("id", "name", "source", "uid", "key"))
"""Columns that name a row, often by its picture."""
LONGEST_PATH = 1024
"""Characters; a longer text is a file in base64, or no file."""


def media_columns(columns: Columns, taken: frozenset[str]) -> tuple[dict[str, str], list[str]]:
    """Which column holds the images, the videos and the audios, and what of that is unsure; `taken`: columns that hold
    something else.
    """
    free = {name: column for name, column in columns.items() if name not in taken}
    found: dict[str, str] = {}
    doubts: list[str] = []
    for kind, names in NAMES.items():
        known = [column for column in named(free, names) if not column.values or any(map(_is_medium, column.values))]
        alike = [column for column in free.values() if column not in known and _looks_like(column, kind)]
        full = [column for column in (*known, *alike) if column.values]
        chosen = next(iter(full or known), None)
        if chosen is None:
            continue
        found[kind] = chosen.name
        free.pop(chosen.name)
        if chosen in alike:
            doubts.append(f"`{chosen.name}` is taken for the column of {kind}, because of what its values end in.")
        if len(full) > 1:
            others = quoted(column.name for column in full[1:])
            doubts.append(
                f"{others} may hold {kind} too: `columns.{kind}` names `{chosen.name}`, and a trainer reads one column."
            )
    return found, doubts


def items_of(value: Any) -> Iterator[Any]:
    """The media of a value: one, or a list of them, of which videos may be lists of frames."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            yield from item
        elif item is not None:
            yield item


def paths_in(column: ColumnValues) -> Iterator[str]:
    """The texts of a column that should be paths of files."""
    for value in column.values:
        for item in items_of(value):
            if isinstance(item, str):
                yield item
            elif isinstance(item, dict) and not item.get("bytes") and isinstance(item.get("path"), str):
                yield item["path"]
            elif isinstance(item, StoredImage) and item.data is None and item.path is not None:
                yield item.path


def lacks_bytes(column: ColumnValues) -> bool:
    """Whether its values are objects with a path and no key for bytes, which LLaMA-Factory does not open."""
    items = [item for value in column.values for item in items_of(value)]
    return any(isinstance(item, dict) and "path" in item and "bytes" not in item for item in items)


def _is_medium(value: Any) -> bool:
    items = list(items_of(value))
    return bool(items) and all(
        (isinstance(item, str) and (len(item) <= LONGEST_PATH or item.startswith("data:")))
        or isinstance(item, bytes | StoredImage)
        or (isinstance(item, dict) and bool(item.keys() & {"bytes", "path", "url"}))
        for item in items
    )


def _looks_like(column: ColumnValues, kind: str) -> bool:
    """Whether a column of another name holds media of a kind; what names a row, or the frames of a video, does not."""
    if column.name.lower() in _NO_MEDIA or any(column.name.lower() in names for names in NAMES.values()):
        return False
    return column.holds(lambda value: _ends(value, kind))


def _ends(value: Any, kind: str) -> bool:
    items = list(items_of(value))
    if kind == "images" and items and all(isinstance(item, StoredImage) for item in items):
        return True
    return bool(items) and all(
        isinstance(item, str) and len(item) <= LONGEST_PATH and "\n" not in item and bool(_ENDS[kind].search(item))
        for item in items
    )
