"""Puts the media of kept rows below the export, so that the paths in the rows hold there too."""

from __future__ import annotations

import os
from collections import Counter
from typing import Literal

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaReference
from validator.exporting.folder import Folder
from validator.exporting.names import Names
from validator.facts.measure import Measurer
from validator.findings import clip

MediaMode = Literal["link", "copy", "reference"]
_RECENT = 50_000
"""Paths that are remembered to be placed: a bound on memory."""


class MisplacedError(Exception):
    """A path at which nothing can be put in a copy. The message is a sentence."""


class Placer:
    """Hard-links (`link`), copies (`copy`) or leaves alone (`reference`) what rows refer to below `root`, the run's
    media_dir. Absolute paths, and those that are read from the working folder, hold as they are. A file that cannot be
    hard-linked, because it lies on another device or belongs to somebody else, is linked symbolically.

    `done` counts what was placed: linked, symlinked, copied.
    """

    def __init__(self, root: str, folder: Folder, mode: MediaMode, names: Names) -> None:
        self._prefix, self._folder, self._mode, self._names = os.path.join(root, ""), folder, mode, names
        self._recent: set[str] = set()
        self.done: Counter[str] = Counter()

    def place(self, measurer: Measurer, raw: RawRow) -> None:
        """Place the media of one row. Raises MisplacedError before anything is placed, and OSError."""
        if self._mode == "reference":
            return
        paths = [path for item in measurer.media(raw) for path in self._joined(item) if path not in self._recent]
        names = [self._name_of(path) for path in paths]
        for path, name in zip(paths, names, strict=True):
            self._put(path, name)

    def _joined(self, item: MediaReference) -> list[str]:
        """The paths of a reference that are read below the root, relative to it."""
        if item.data is not None or (item.frames is None and item.written.startswith("/")):
            return []
        paths = item.frames if item.frames is not None else () if item.target is None else (item.target,)
        return [path[len(self._prefix) :] for path in paths if path.startswith(self._prefix)]

    def _name_of(self, path: str) -> str:
        """Where a path leads to in the export: one name for one file."""
        name = os.path.normpath(path)
        if name.split(os.sep)[0] == os.pardir:
            raise MisplacedError(
                f"its media path `{clip(path, 200)}` leads out of the media folder and would not hold in a copy; "
                "--media reference keeps the row, --fix makes the path absolute"
            )
        through = _passed(path)
        if through and os.path.realpath(self._prefix + path) != os.path.realpath(self._prefix + name):
            raise MisplacedError(
                f"its media path `{clip(path, 200)}` goes up from a linked folder and would lead elsewhere in a copy; "
                "--media reference keeps the row"
            )
        if not (self._names.is_free(name) and all(map(self._names.may_be_folder, through))):
            raise MisplacedError(
                f"its media path `{clip(path, 200)}` has the name of a file that the export writes; "
                "--media reference keeps the row"
            )
        return name

    def _put(self, path: str, name: str) -> None:
        source = os.path.realpath(self._prefix + path)
        if os.path.isfile(source) and not self._folder.holds(name):  # what is there was put there for another row
            if self._mode == "copy":
                self._folder.copy(source, name)
                self.done["copied"] += 1
            else:
                self.done["linked" if self._folder.link(source, name) else "symlinked"] += 1
        for folder in _passed(path):
            self._folder.make(folder)
        if len(self._recent) == _RECENT:
            self._recent.clear()
        self._recent.add(path)


def _passed(path: str) -> list[str]:
    """The folders that a path with `..` in it leads through: they must be there, too."""
    passed: list[str] = []
    parts = path.split(os.sep)[:-1]
    if os.pardir not in parts:
        return []
    for end in range(1, len(parts) + 1):
        folder = os.path.normpath(os.path.join(*parts[:end]))
        passed += [folder] if folder != os.curdir else []
    return passed
