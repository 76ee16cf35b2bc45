"""Where a medium is that is not where its path says: under the same path in another spelling, or nowhere, because a
folder on the way to it does not exist.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from validator.storage.media_files import MediaFiles

_LONGEST = 4096
"""Characters of a path, as systems have them: what is longer is no path but data."""
_DEPTH = 64
"""Folders on the way to a file that are looked at."""


def spellings(written: str) -> Iterator[str]:
    """Other ways to write a path, the least change first: without white space around it and file://, with forward
    slashes, with characters for their percent codes.
    """
    bare = written.strip().removeprefix("file://")
    for path in (written.strip(), bare, bare.replace("\\", "/"), unquote(bare), unquote(bare).replace("\\", "/")):
        if path and path != written:
            yield path


def is_there(path: str, files: MediaFiles) -> bool:
    """Whether the trainer would find a file under this path."""
    return files.identify(files.resolve(path)).kind == "file"


def whereabouts(written: str, files: MediaFiles) -> tuple[str | None, str | None]:
    """Of a file that is missing: the path under which it is there, upper and lower case tried last, and otherwise the
    first folder on the way to it that does not exist. Storage elsewhere is not asked.
    """
    if files.is_remote_root or len(written) > _LONGEST or written.startswith("data:"):
        return None, None
    found = next((path for path in spellings(written) if is_there(path, files)), None)
    folder = None if found else _missing_folder(written, files)
    if found is None and folder is None:
        found = next((path for path in _cases(written) if files.look(files.join(path)).kind == "file"), None)
    return found, folder


def _cases(written: str) -> Iterator[str]:
    """A path with the suffix or all of its name in lower or upper case."""
    folder, name = posixpath.split(written)
    stem, suffix = posixpath.splitext(name)
    for other in dict.fromkeys((stem + suffix.lower(), stem + suffix.upper(), name.lower(), name.upper())):
        if other not in (name, ""):
            yield posixpath.join(folder, other)


def _missing_folder(written: str, files: MediaFiles) -> str | None:
    parts = PurePosixPath(written).parts[:-1]
    for end in range(1, min(len(parts), _DEPTH) + 1):
        folder = posixpath.join(*parts[:end])
        if files.identify(files.join(folder)).kind == "absent":
            return folder
    return None
