"""The files of an entry, as the trainer lists and judges them. Source: LLaMA-Factory 0.9.5 `data/loader.py`."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from validator.catalog.formats import file_type
from validator.storage.remote import is_remote

Problem = Literal["missing", "type", "mixed", "empty-folder", "pattern"]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an entry in the order in which the trainer reads them, or why it reads none.

    Names are relative to the registry's folder. The order within a folder is that of `os.listdir`, hidden files
    included: it belongs to the file system and may differ on another machine.
    """

    names: tuple[str, ...] = ()
    problem: Problem | None = None
    detail: str = ""


def list_files(folder: Path, location: str) -> Listing:
    """List the files behind a `file_name`. Raises OSError where a folder cannot be listed."""
    path = folder / location
    if path.is_dir():
        members = [member.name for member in path.iterdir()] if is_remote(str(path)) else os.listdir(path)
        return _judge(path, [f"{location.rstrip('/')}/{name}" for name in members], members)
    if not path.is_file():
        return Listing(problem="missing")
    if file_type(path.name) is None:
        return Listing(problem="type")
    return _patterns(folder, (location,))


def _judge(path: Path, names: list[str], members: list[str]) -> Listing:
    if not members:
        return Listing(problem="empty-folder")
    kinds = {file_type(name) for name in members}
    folders = sorted(name for name in members if (path / name).is_dir())
    if kinds == {None}:
        return Listing(problem="type", detail=_some(sorted(members)))
    if len(kinds) > 1 or folders:
        strangers = sorted(name for name in members if file_type(name) is None or name in folders)
        if not strangers:
            strangers = sorted({os.path.splitext(name)[1] for name in members})
        return Listing(problem="mixed", detail=_some(strangers))
    if missing := sorted(name for name in members if not (path / name).is_file()):
        return Listing(problem="missing", detail=_some(missing))
    return _patterns(path.parent, tuple(names), path)


def _patterns(folder: Path, names: tuple[str, ...], path: Path | None = None) -> Listing:
    """The loader takes `*`, `?` and `[...]` in a path for a pattern: it must match this file alone."""
    base = path or folder
    for name in names:
        full = str(base / os.path.basename(name)) if path else str(folder / name)
        if not is_remote(full) and any(sign in full for sign in "*?[") and glob.glob(full) != [full]:
            return Listing(problem="pattern", detail=full)
    return Listing(names)


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
