"""Missing media told by the folder that is missing: one line on the terminal for all files below it."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from validator.findings import Finding, count, printable

KEY = "missing_folder"
"""Of the evidence of findings that are told so."""
_MOST = 1000
"""Folders that are told apart; what is missing in others is told file by file."""


@dataclass(slots=True)
class MissingFolder:
    """The findings about files below a folder that does not exist: how many of each kind, in how many rows, the first
    of them, and `below`, the deepest folder that is above all of them.
    """

    first: Finding
    below: str
    files: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    last: tuple[str | None, int | None] = (None, None)

    @property
    def number(self) -> int:
        """How many findings there are."""
        return self.files.total()

    @property
    def finding(self) -> Finding:
        """One finding in the place of all of them."""
        if self.number == 1:
            return self.first
        what = " and ".join(count(number, kind) for kind, number in sorted(self.files.items()))
        message = f"{what} in {count(self.rows, 'row')} lie below `{self.below}`, which does not exist"
        nowhere: dict[str, Any] = dict.fromkeys(("file", "row", "sample_id", "turn", "media_index"))
        return replace(self.first, message=printable(message), **nowhere)


MissingFolders = dict[str, MissingFolder]
"""By entry and folder."""


def take(
    folders: MissingFolders, evidence: str, place: tuple[str, str | None, int | None], finding: Callable[[], Finding]
) -> bool:
    """Count a finding, known by its evidence and its dataset, file and row, where it is about a file below a missing
    folder. Findings come in order.
    """
    if KEY not in evidence:
        return False
    folder, path, kind = _read(evidence)
    if not folder:
        return False
    dataset, *row = place
    above = posixpath.dirname(path) if path.startswith(f"{folder}/") and not path.endswith("…") else folder
    group = folders.get(key := f"{dataset}\0{folder}")
    if group is None:
        if len(folders) == _MOST:
            return False
        group = folders[key] = MissingFolder(finding(), above)
    group.files[kind] += 1
    group.rows += group.last != tuple(row)
    group.last = (place[1], place[2])
    group.below = posixpath.commonpath([group.below, above])
    return True


def _read(evidence: str) -> tuple[str, str, str]:
    """Folder, path and kind of medium; empty where a run of others' making holds none."""
    try:
        plain = orjson.loads(evidence)
        folder, path, kind = (plain[key] for key in (KEY, "path", "kind"))
    except (ValueError, KeyError, TypeError):
        return "", "", ""
    return (folder, path, kind) if all(isinstance(value, str) for value in (folder, path, kind)) else ("", "", "")
