"""Files that are there whole or not at all.

Each is created new, beside its place, and takes its name when it is whole, so that nothing is ever written through a
link, and what stood there before is whole until then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, TextIO


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, and outlives a power cut. Raises OSError."""
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name when it is whole."""
    with whole_path(path) as part, part.open("r+b") as file:
        yield file


@contextmanager
def whole_path(path: Path) -> Iterator[Path]:
    """A new and empty file, for what writes by a path, that gets its name when it is whole."""
    parts = Parts(path.parent)
    try:
        yield parts.new(path.name)
        parts.keep(path.name)
    finally:
        parts.discard()


class Parts:
    """New files in a folder that get their names when all of them are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Path] = {}

    def new(self, name: str) -> Path:
        """An empty file that will be called `name`."""
        part = self._folder / f".{name}.{token_hex(4)}.part"
        part.open("xb").close()
        self._open[name] = part
        return part

    def __getitem__(self, name: str) -> Path:
        """Where the file lies that will be called `name`."""
        return self._open[name]

    def keep(self, *names: str) -> None:
        """Give files their names, in this order."""
        for name in names:
            with self._open[name].open("r+b") as file:  # Windows flushes only what may be written
                os.fsync(file.fileno())
        for name in names:
            self._open[name].replace(self._folder / name)
            del self._open[name]

    def discard(self) -> None:
        """Remove what has not got its name."""
        for part in self._open.values():
            part.unlink(missing_ok=True)
        self._open.clear()


def open_to_append(path: Path) -> TextIO:
    """A text file to append lines to; a new one where there is none. Raises OSError where there is a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o666), "a", encoding="utf-8")


def write_new(path: Path, data: bytes) -> None:
    """Write a file where there is nothing yet, not even a link; otherwise leave what is there."""
    with suppress(FileExistsError), path.open("xb") as file:
        file.write(data)
