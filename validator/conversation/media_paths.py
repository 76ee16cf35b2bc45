"""The trainer's rule for media paths. Source: LLaMA-Factory 0.9.5 `converter.py`, `_find_medias`."""

from __future__ import annotations

import os
import re
from typing import Any, Literal

from validator.conversation.sample import MediaKind, MediaReference, Problem, Sample

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
SHOWN = 200
"""Characters of a reference that are kept: a base64 image may stand where a path is expected."""


def find_media(sample: Sample, kind: MediaKind, value: Any, media_dir: str) -> None:
    """Normalise one media column of a row into references, as the trainer does, noting what it crashes on."""
    if value is None or value == []:
        return
    items = value if isinstance(value, list) else [value]
    if kind == "video" and isinstance(items[0], list):
        sample.media[kind] = [_frames(index, item, media_dir) for index, item in enumerate(items)]
        return
    joined = isinstance(items[0], str)  # the first element alone decides how all are treated
    references = []
    for index, item in enumerate(items):
        if isinstance(item, str):
            target = _resolve(item, media_dir) if joined else item
            references.append(MediaReference(kind, index, item[:SHOWN], target, _form(item)))
        elif joined:
            kinds = f"not {type(item).__name__!r}"
            sample.fail(
                "media-type",
                TypeError(f"join() argument must be str, bytes, or os.PathLike object, {kinds}"),
                None,
                index,
            )
            references.append(MediaReference(kind, index, repr(item)[:SHOWN], None, "value"))
        else:
            references.append(_from_value(kind, index, item))
    sample.media[kind] = references


def _resolve(item: str, media_dir: str) -> str:
    """Join to media_dir where that file exists, otherwise keep the path as written (relative to the working folder)."""
    try:
        path = os.path.join(media_dir, item)
        return path if os.path.isfile(path) else item
    except ValueError:  # a null character
        return item


def _frames(index: int, item: Any, media_dir: str) -> MediaReference:
    """A video as a list of images, each joined to media_dir like an image."""
    written = repr(item)[:SHOWN]
    if not isinstance(item, list) or not all(isinstance(path, str) for path in item):
        problem = Problem("media-type", None, index, "TypeError", "a video is a path or a list of paths")
        return MediaReference("video", index, written, None, "value", problem)
    paths = tuple(_resolve(path, media_dir) for path in item)
    return MediaReference("video", index, written, None, "path", frames=paths)


def _form(item: str) -> Literal["path", "url", "data-uri"]:
    if item.startswith("data:"):
        return "data-uri"
    return "url" if _URL.match(item) else "path"


def _from_value(kind: MediaKind, index: int, item: Any) -> MediaReference:
    """A reference that is no string. {"bytes": null, "path": ...} is opened by its path, not joined to media_dir."""
    written = repr(item)[:SHOWN]
    if isinstance(item, dict) and isinstance(item.get("path"), str) and "bytes" in item and item["bytes"] is None:
        return MediaReference(kind, index, item["path"][:SHOWN], item["path"], _form(item["path"]))
    error: Exception
    if isinstance(item, dict):
        error = KeyError("bytes") if "bytes" not in item else TypeError("a bytes-like object is required, not 'str'")
    else:
        error = ValueError(f"Expect input is a list of images, but got {type(item)}.")
    problem = Problem("media-type", None, index, type(error).__name__, str(error))
    return MediaReference(kind, index, written, None, "value", problem)
