"""How a run folder is known: by a file of ours in it, made with the folder and with nothing else.

Folders of versions that made none are known by a summary.json of ours, and get the mark with their next run. A folder
that holds nothing but files of our names (a cache that a pipeline has restored) may become one; any other that holds
something is somebody's, and is refused.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from validator.descriptors import open_descriptor
from validator.errors import NotOursError
from validator.findings import clip
from validator.run_folder.names import CACHE, FOLDERS, MARK, RUNNING, SUMMARY, TRAINERS, is_brief, is_ours

VERSION = 1
"""Of what lies where in a run folder."""
FIRST_LINE = orjson.dumps({"format": "mmvalidate run folder", "version": VERSION}) + b"\n"
LONGEST = 4096
"""Bytes of a mark that are read."""


def is_run(folder: Path) -> bool:
    """Whether runs were kept in a folder; a link is none. Raises NotOursError where a later version wrote it."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    mark = _read_regular(folder / MARK, LONGEST)
    if mark is not None:
        version = version_of(mark)
        if version > VERSION:
            raise NotOursError(f"{folder} was written by a later version of mmvalidate: take that, or another folder.")
        return version > 0
    return summary_of(folder) is not None


def check_usable(folder: Path) -> None:
    """Raise NotOursError where a folder holds something and is no run folder."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise NotOursError(f"{folder} is not a folder: results of a run need one of their own.")
    place = folder.resolve()  # a folder that the user has put elsewhere
    if place.is_dir() and not is_run(place) and (other := _foreign(place)) is not None:
        raise NotOursError(
            f"{folder} holds {clip(other)} and is not a run folder: name an empty or a new folder for the results."
        )


def summary_of(folder: Path) -> dict[str, Any] | None:
    """summary.json of a finished run, whichever version wrote it; None where there is none of ours."""
    data = _read_regular(folder / SUMMARY)
    with suppress(ValueError, TypeError):
        summary = orjson.loads(data or b"")
        if {"schema_version", "settings", "gate"} <= summary.keys() and "mmvalidate" in summary["versions"]:
            return summary  # type: ignore[no-any-return]
    return None


def version_of(mark: bytes) -> int:
    """The version of a mark, 0 where it is none. An empty one was being written when its process was ended."""
    if not mark:
        return VERSION
    with suppress(ValueError, TypeError, AttributeError):
        found = orjson.loads(mark.partition(b"\n")[0])
        if found.get("format") == "mmvalidate run folder":
            return int(found["version"])
    return 0


def _foreign(folder: Path) -> str | None:
    """The first thing in a folder without a mark that does not carry a name of ours."""
    for place in FOLDERS:
        within = folder / place
        if within.is_symlink():
            return place
        for path in sorted(within.iterdir()) if within.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                return name
            if path.is_dir():
                known = name in FOLDERS or name == f"{CACHE}/{RUNNING}"
                known = known and (path.name != RUNNING or all(map(is_brief, os.listdir(path))))
                known = known or (name == TRAINERS and all(map(is_run, path.iterdir())))
            else:
                known = is_ours(place, path.name)
            if not known:
                return name
    return None


def _read_regular(path: Path, most: int = -1) -> bytes | None:
    """The content of a file; None where it is none, or a link: a pipe would never end."""
    try:
        descriptor = open_descriptor(path, os.O_RDONLY, follow=False)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
