"""The files of an entry, as the trainer lists and judges them. Source: LLaMA-Factory 0.9.5 `data/loader.py`."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from validator.catalog.formats import file_type
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.storage.identity import IdentityKind
from validator.storage.paths import SAVED, look, members
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


def list_files(folder: Path, location: str, *, own: bool = False) -> Listing:
    """List the files behind a `file_name`; `own`: of data that the trainer reads itself, which may be a folder that
    `save_to_disk` has written. Raises OSError where a folder cannot be listed.
    """
    path = folder / location
    kind = look(str(path)).kind
    if kind == "folder" and own and os.path.exists(path / SAVED):
        return _saved(path, location.rstrip("/"))
    if kind == "folder":
        return _judge(path, location.rstrip("/"), dict(members(path)))
    if kind != "file":
        return Listing(problem="missing")
    if file_type(path.name) is None:
        return Listing(problem="type")
    return _patterns(folder, (location,))


def _saved(path: Path, location: str) -> Listing:
    """The files that the state of a saved table names, in its order."""
    try:
        names = [str(file["filename"]) for file in parse_json(read_named(path / SAVED, MOST_BYTES))["_data_files"]]
    except (ValueError, KeyError, TypeError):
        return Listing(problem="type", detail=f"`{SAVED}`")
    if any(os.path.basename(name) != name or file_type(name) != "arrow" for name in names):
        return Listing(problem="type", detail=_some(names))
    if missing := [name for name in names if look(str(path / name)).kind != "file"]:
        return Listing(problem="missing", detail=_some(missing))
    return Listing(tuple(f"{location}/{name}" for name in names)) if names else Listing(problem="empty-folder")


def _judge(path: Path, location: str, inside: dict[str, IdentityKind]) -> Listing:
    if not inside:
        return Listing(problem="empty-folder")
    kinds = {file_type(name) for name in inside}
    folders = {name for name, kind in inside.items() if kind == "folder"}
    if kinds == {None}:
        return Listing(problem="type", detail=_some(sorted(inside)))
    if len(kinds) > 1 or folders:
        strangers = sorted(name for name in inside if file_type(name) is None or name in folders)
        if not strangers:
            strangers = sorted({os.path.splitext(name)[1] for name in inside})
        return Listing(problem="mixed", detail=_some(strangers))
    if missing := sorted(name for name, kind in inside.items() if kind != "file"):
        return Listing(problem="missing", detail=_some(missing))
    return _patterns(path.parent, tuple(f"{location}/{name}" for name in inside), path)


def _patterns(folder: Path, names: tuple[str, ...], path: Path | None = None) -> Listing:
    """The loader takes `*`, `?` and `[...]` in a path for a pattern: it must match this file alone."""
    base = path or folder
    for name in names:
        full = str(base / os.path.basename(name)) if path else str(folder / name)
        if not is_remote(full) and any(sign in full for sign in "*?[") and glob.glob(full) != [full]:
            return Listing(problem="pattern", detail=full)
    return Listing(names)


MOST_BYTES = 16 << 20
"""Of a state."""


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
