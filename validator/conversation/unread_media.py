"""Columns, and keys of messages, that hold media and that the trainer never reads: rows train on what is left of them.

A column is judged by its values. Bytes are media where they begin as a file of media does; text, where it names such a
file or holds it in base64, in columns whose name speaks of media.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.entry import OWN, Entry
from validator.catalog.schema import StoredImage
from validator.conversation.sample import MEDIA_COLUMNS, MediaKind
from validator.trainers.base import Trainer

_SPEAKS = re.compile("im(age|g)|pic|photo|screen|frame|figure|video|clip|audio|sound|media", re.IGNORECASE)
_ENDINGS: dict[str, MediaKind] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "avif"), "image"),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv", "webm", "m4v", "mpg", "mpeg", "wmv", "flv"), "video"),
    **dict.fromkeys(("wav", "mp3", "flac", "m4a", "ogg", "opus", "aac"), "audio"),
}
_MAGIC: tuple[tuple[bytes, MediaKind], ...] = (
    *((start, "image") for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")),
    *((start, "video") for start in (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"FLV\1")),
    *((start, "audio") for start in (b"ID3", b"OggS", b"fLaC")),
)
_RIFF: dict[bytes, MediaKind] = {b"WEBP": "image", b"AVI ": "video", b"WAVE": "audio"}
_BASE64 = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")
"""How PNG, JPEG, GIF and WebP begin in base64."""
_LONGEST_PATH = 4096
_KEYS = ("bytes", "path", "url", "image", "video", "image_url")
_Holds = Literal["bytes", "text", ""]


class UnreadMedia:
    """The columns of one file that may hold media and that the trainer does not read. `named` are those of them that
    the entry names, or that are called as columns of media are where no entry names any; `keys` stand beside role and
    content in its messages.
    """

    def __init__(self, entry: Entry, types: Mapping[str, pa.DataType], trainer: Trainer) -> None:
        read = trainer.reads(entry)
        self.columns = tuple(name for name, kind in types.items() if not read(name) and _may_hold(name, kind))
        named = (*entry.columns.values(), *MEDIA_COLUMNS) if entry.formatting == OWN else entry.columns.values()
        self.named = tuple(name for name in self.columns if name in named)
        self._messages = entry.columns["messages"] or ""
        self.keys = () if trainer.reads_whole_rows else _unread_keys(entry, types)

    def of(self, value: Any, *, fed: bool) -> list[tuple[str, MediaKind]]:
        """The columns of a parsed row that do hold some, with the kind of the first medium. In rows that are `fed` with
        other media only those that the entry names.
        """
        if not (self.columns or self.keys) or not isinstance(value, dict):
            return []
        found = [(name, _kind(value.get(name))) for name in (self.named if fed else self.columns)]
        messages = value.get(self._messages) if self.keys and not fed else None
        if isinstance(messages, list):
            for key in self.keys:
                held = [message.get(key) for message in messages if isinstance(message, dict)]
                found.append((f"{self._messages}[].{key}", _kind(held)))
        return [(name, kind) for name, kind in found if kind is not None]


def _unread_keys(entry: Entry, types: Mapping[str, pa.DataType]) -> tuple[str, ...]:
    """Keys of messages, besides role and content, that may hold media: no converter of conversations reads any."""
    messages = types.get(entry.columns["messages"] or "", pa.null())
    if entry.formatting == "alpaca" or not t.is_list(messages) or not t.is_struct(messages.value_type):
        return ()
    read = (entry.tags["role_tag"], entry.tags["content_tag"])
    keys = (field for field in messages.value_type if field.name not in read)
    return tuple(key.name for key in keys if _may_hold(key.name, key.type))


def _may_hold(name: str, kind: pa.DataType) -> bool:
    held = _of_type(kind)
    return held == "bytes" or (held == "text" and _SPEAKS.search(name) is not None)


def _of_type(kind: pa.DataType) -> _Holds:
    if t.is_binary(kind) or t.is_large_binary(kind):
        return "bytes"
    if t.is_string(kind) or t.is_large_string(kind):
        return "text"
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return _of_type(kind.value_type)
    if t.is_struct(kind):
        held = {_of_type(field.type) for field in kind if field.name in _KEYS}
        return "bytes" if "bytes" in held else "text" if "text" in held else ""
    return ""


def _kind(value: Any) -> MediaKind | None:
    """What a value holds: the kind of its first medium, None where it holds none."""
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, bytes):
        return _kind_of_bytes(value)
    if isinstance(value, StoredImage):
        return "image" if value.data or value.path else None
    inner: Any = ()
    if isinstance(value, list):
        inner = value
    elif isinstance(value, dict):
        inner = [value[key] for key in _KEYS if key in value]
    return next((kind for item in inner if (kind := _kind(item)) is not None), None)


def _kind_of_text(text: str) -> MediaKind | None:
    if text.startswith("data:"):
        word = text[len("data:") :].partition("/")[0]
        return word if word in ("image", "video", "audio") else None  # type: ignore[return-value]
    if len(text) > _LONGEST_PATH or text.startswith(_BASE64):
        return "image" if text.startswith(_BASE64) and len(text) > 64 else None
    path = text.strip("[]\"' \n")  # csv holds lists as text
    if "\n" in path:
        return None
    if "://" in path:
        path = urlsplit(path).path
    return _ENDINGS.get(path.rpartition(".")[2].lower()) if "." in path else None


def _kind_of_bytes(data: bytes) -> MediaKind | None:
    if data[4:8] == b"ftyp":
        return "image" if data[8:12] in (b"avif", b"heic", b"heix", b"mif1") else "video"
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12])
    return next((kind for start, kind in _MAGIC if data.startswith(start)), None)
