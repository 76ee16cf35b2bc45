"""The trainer's rule for media paths. Source: LLaMA-Factory 0.9.5 `converter.py`, `_find_medias`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from validator.catalog.schema import StoredImage
from validator.conversation.sample import MediaKind, MediaReference, Problem, Sample
from validator.storage.media_files import MediaFiles

_URL = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]*://")
SHOWN = 200
"""Characters of a reference that are kept: a base64 image may stand where a path is expected."""
_NO_FILE = "File object has no read() method, or readable() returned False."
"""What PyAV says of anything but a path."""


@dataclass(frozen=True, slots=True)
class MediaColumns:
    """How a release reads columns of media. `null`: what a null column is, nothing, a crash, or one element that cannot
    be opened. `joins_each_path`: each path is joined to media_dir on its own, whatever the first element is.
    `frame_lists`: a list within the column is the frames of a video. `audio`: audio columns are read (and refused).
    """

    null: Literal["nothing", "crash", "item"]
    joins_each_path: bool
    frame_lists: bool
    audio: bool


def find_media(sample: Sample, kind: MediaKind, value: Any, files: MediaFiles, columns: MediaColumns) -> None:
    """Normalise one media column of a row into references, as the trainer does, noting what it crashes on."""
    if value == [] or (value is None and columns.null == "nothing"):
        return
    if value is None and columns.null == "crash":
        sample.fail("media-type", IndexError("list index out of range"))
        return
    items = value if isinstance(value, list) else [value]
    if isinstance(items[0], list) and columns.frame_lists:
        sample.media[kind] = [_frames(sample, kind, index, item, files) for index, item in enumerate(items)]
        return
    joined = isinstance(items[0], str) and files.joins  # the first element alone decides how all are treated
    each = columns.joins_each_path
    references = []
    for index, item in enumerate(items):
        if isinstance(item, str):
            references.append(
                MediaReference(kind, index, item[:SHOWN], item, form_of(item), below_root=bool(joined or each))
            )
        elif joined and not each:
            references.append(_not_joined(sample, kind, index, item))
        elif kind == "video":
            references.append(_unopened(kind, index, item, ValueError(_NO_FILE)))
        else:
            references.append(_from_value(kind, index, item))
    sample.media[kind] = references


def _not_joined(sample: Sample, kind: MediaKind, index: int, item: Any) -> MediaReference:
    """An element that the trainer stops at where it joins it, or the paths within, to media_dir."""
    bad = next((path for path in item if not isinstance(path, str)), None) if isinstance(item, list) else item
    error = TypeError(f"join() argument must be str, bytes, or os.PathLike object, not {type(bad).__name__!r}")
    sample.fail("media-type", error, None, index)
    return _unopened(kind, index, item, error)


def _unopened(kind: MediaKind, index: int, item: Any, error: Exception) -> MediaReference:
    """An element that the trainer cannot open because of what it is."""
    problem = Problem("media-type", None, index, type(error).__name__, str(error))
    return MediaReference(kind, index, repr(item)[:SHOWN], None, "value", problem)


def _frames(sample: Sample, kind: MediaKind, index: int, item: Any, files: MediaFiles) -> MediaReference:
    """A list within the column: the frames of a video. Those of local files are joined to media_dir like images."""
    if files.joins and not isinstance(item, list):
        error = TypeError(f"object of type {type(item).__name__!r} has no len()")
        sample.fail("media-type", error, None, index)
        return _unopened(kind, index, item, error)
    if files.joins and not all(isinstance(path, str) for path in item):
        return _not_joined(sample, kind, index, item)
    if kind != "video":
        return _unopened(kind, index, item, ValueError(f"Expect input is a list of images, but got {type(item)}."))
    if not isinstance(item, list) or not all(isinstance(frame, str | dict | StoredImage) for frame in item):
        return _unopened(kind, index, item, ValueError(_NO_FILE))
    if not all(isinstance(frame, str) for frame in item):
        sample.unchecked = f"the frames of video {index} stand in the row itself, which is not reproduced"
        item = []
    return MediaReference(kind, index, repr(item)[:SHOWN], None, "path", frames=tuple(item), below_root=True)


def resolve(reference: MediaReference, files: MediaFiles) -> None:
    """Turn the paths of a reference into those that the trainer opens. Raises OSError where storage does not answer."""
    if reference.below_root:
        reference.below_root = False
        if reference.target is not None:
            reference.target = files.resolve(reference.target)
        if reference.frames is not None:
            reference.frames = tuple(map(files.resolve, reference.frames))


def resolved(sample: Sample, files: MediaFiles) -> Sample:
    """A sample with its paths resolved."""
    for references in sample.media.values():
        for reference in references:
            resolve(reference, files)
    return sample


def form_of(item: str) -> Literal["path", "url", "data-uri"]:
    """What a reference looks like."""
    if item.startswith("data:"):
        return "data-uri"
    return "url" if _URL.match(item) else "path"


def _from_value(kind: MediaKind, index: int, item: Any) -> MediaReference:
    """A reference that is no string: the bytes of a file, alone or in an object, or an object with a path.

    {"bytes": null, "path": ...} is opened by its path, which is not joined to media_dir.
    """
    if isinstance(item, StoredImage):
        return _stored(kind, index, item)
    data = item["bytes"] if isinstance(item, dict) and isinstance(item.get("bytes"), bytes) else item
    if isinstance(data, bytes):
        path = item.get("path") if isinstance(item, dict) else None
        return MediaReference(kind, index, _in_row(data, path), None, "value", data=data)
    if isinstance(item, dict) and isinstance(item.get("path"), str) and "bytes" in item and item["bytes"] is None:
        return MediaReference(kind, index, item["path"][:SHOWN], item["path"], form_of(item["path"]))
    error: Exception
    if not isinstance(item, dict):
        error = ValueError(f"Expect input is a list of images, but got {type(item)}.")
    elif "bytes" not in item:
        error = KeyError("bytes")
    elif item["bytes"] is not None:
        error = TypeError(f"a bytes-like object is required, not {type(item['bytes']).__name__!r}")
    elif "path" not in item:
        error = KeyError("path")
    else:
        error = AttributeError(f"{type(item['path']).__name__!r} object has no attribute 'read'")
    return _unopened(kind, index, item, error)


def _stored(kind: MediaKind, index: int, item: StoredImage) -> MediaReference:
    """An element of an image column. Source: `datasets` 4.0.0 `features/image.py`, `decode_example`."""
    if item.data is not None:
        return MediaReference(kind, index, _in_row(item.data, item.path), None, "value", data=item.data, decoded=True)
    if item.path is not None:
        return MediaReference(kind, index, item.path[:SHOWN], item.path, form_of(item.path), decoded=True)
    value = {"bytes": None, "path": None}
    reason = f"An image should have one of 'path' or 'bytes' but both are None in {value}."
    problem = Problem("media-type", None, index, "ValueError", reason)
    return MediaReference(kind, index, repr(value), None, "value", problem, decoded=True)


def _in_row(data: bytes, path: object) -> str:
    """How a file that stands in the row is shown."""
    return path[:SHOWN] if isinstance(path, str) and path else f"<{len(data):,} bytes in the row>"
