"""Puts the media of kept rows below the export, so that the paths in the rows hold there too."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Literal

from validator.conversation.sample import MediaReference, Sample

MediaMode = Literal["link", "copy", "reference"]


class OutsideError(Exception):
    """A path that leads out of the media folder: nothing can be put there. The message is a sentence."""


class Placer:
    """Hard-links (`link`), copies (`copy`) or leaves alone (`reference`) what rows refer to below `root`, the run's
    media_dir. Absolute paths, and those that are read from the working folder, hold as they are. A file that cannot be
    hard-linked, because it lies on another device or belongs to somebody else, is linked symbolically.

    `done` counts what was placed: linked, symlinked, copied.
    """

    def __init__(self, root: str, target: Path, mode: MediaMode) -> None:
        self._prefix, self._target, self._mode = os.path.join(root, ""), target, mode
        self._placed: set[str] = set()
        self.done: Counter[str] = Counter()

    def place(self, sample: Sample) -> None:
        """Place the media of one row. Raises OutsideError before anything is placed, and OSError."""
        if self._mode == "reference":
            return
        paths = [path for items in sample.media.values() for item in items for path in self._joined(item)]
        for path in paths:
            if os.path.normpath(path).split(os.sep)[0] == os.pardir:
                raise OutsideError(
                    f"its media path `{path[:200]}` leads out of the media folder and would not hold in a copy; "
                    "--media reference keeps the row, --fix makes the path absolute"
                )
        for path in paths:
            if path not in self._placed:
                self._placed.add(path)
                self._put(path)

    def _joined(self, item: MediaReference) -> list[str]:
        """The paths of a reference that are read below the root, relative to it."""
        if item.data is not None or (item.frames is None and item.written.startswith("/")):
            return []
        paths = item.frames if item.frames is not None else () if item.target is None else (item.target,)
        return [path[len(self._prefix) :] for path in paths if path.startswith(self._prefix)]

    def _put(self, path: str) -> None:
        source, target = os.path.realpath(self._prefix + path), os.path.join(self._target, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            if os.path.samefile(source, target):  # another way to write the same path
                return
            raise FileExistsError(f"the medium `{path[:200]}` would take the place of another file of the export")
        if self._mode == "copy":
            shutil.copy2(source, target)
            self.done["copied"] += 1
            return
        try:
            os.link(source, target)
            self.done["linked"] += 1
        except OSError:
            os.symlink(source, target)
            self.done["symlinked"] += 1
