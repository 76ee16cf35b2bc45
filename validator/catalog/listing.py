"""The files of an entry, as the trainer lists and judges them. Source: LLaMA-Factory 0.9.5 `data/loader.py`."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from validator.catalog.formats import file_type
from validator.storage.identity import IdentityKind
from validator.storage.paths import look, members
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
    kind = look(str(path)).kind
    if kind == "folder":
        return _judge(path, location.rstrip("/"), dict(members(path)))
    if kind != "file":
        return Listing(problem="missing")
    if file_type(path.name) is None:
        return Listing(problem="type")
    return _patterns(folder, (location,))


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


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
