"""The folder of an export. Whatever is in it was made by the export, each file new and exclusively: where a name is
taken, by a link or otherwise, nothing is written.

A marker lists every name before it is made. An export that is interrupted, or was killed and is tried again, removes
what is listed and nothing else. The marker knows its own inode, so that one that came with a download is none.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from validator.descriptors import lock, open_descriptor, read_at
from validator.exporting.names import MARKER

_KNOWN = 10_000
"""Folders that are remembered to be there: a bound on memory."""


class Folder:
    """A new or empty folder that an export is written to. What an unfinished export has left there is removed first;
    `replaced` tells of it.

    Raises ValueError, in a sentence for the user, where the folder holds anything else, and OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = os.path.abspath(path)
        self._known: set[str] = set()
        if os.path.lexists(path) and not path.is_dir():
            raise ValueError(f"{path} is not a folder: name a new one with --to.")
        is_new = not path.is_dir()
        path.mkdir(parents=True, exist_ok=True)
        before = _take_over(self._root, path)
        self.replaced = before is not None
        self._is_new = is_new or bool(before and before["is_new"])
        self._marker = open_descriptor(self._at(MARKER), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644, follow=False)
        _hold(self._marker, path)
        header = {"format": "unfinished export of mmvalidate", "inode": _inode(self._marker), "is_new": self._is_new}
        os.write(self._marker, orjson.dumps(header) + b"\0")

    def create(self, name: str) -> BinaryIO:
        """A new file below the folder; the folders on the way are made. Raises OSError where something is there."""
        self._list(name)
        return open(self._at(name), "xb")

    def holds(self, name: str) -> bool:
        """Whether something is there."""
        return os.path.lexists(self._at(name))

    def link(self, source: str, name: str) -> bool:
        """Hard-link a file of the original, or link it symbolically where that cannot be: False. Raises OSError."""
        self._list(name)
        try:
            os.link(source, self._at(name))
        except OSError:
            os.symlink(source, self._at(name))
            return False
        return True

    def copy(self, source: str, name: str) -> None:
        """A file of its own with the content, the time and the permissions of another. Raises OSError."""
        with open(source, "rb") as original, self.create(name) as made:
            shutil.copyfileobj(original, made, 1 << 20)
            status = os.fstat(original.fileno())
        os.chmod(self._at(name), stat.S_IMODE(status.st_mode) & 0o777)
        os.utime(self._at(name), ns=(status.st_atime_ns, status.st_mtime_ns))

    def make(self, folder: str) -> None:
        """A folder, and those on the way. Raises OSError where one is a file or a link."""
        if not folder or folder in self._known:
            return
        self.make(os.path.dirname(folder))
        if not self.holds(folder):
            os.write(self._marker, b"d" + os.fsencode(folder) + b"\0")
            os.mkdir(self._at(folder))
        elif not _is_folder(self._at(folder)):
            raise FileExistsError(f"{self.path / folder} is not a folder: an export writes through no links")
        if len(self._known) == _KNOWN:
            self._known.clear()
        self._known.add(folder)

    def finish(self) -> None:
        """The export is whole: from now on the folder is the user's."""
        os.unlink(self._at(MARKER))
        os.close(self._marker)

    def remove(self) -> None:
        """Remove everything that was made here, and the folder where it was new."""
        _remove_listed(self._root, self._marker)
        self.finish()
        if self._is_new:
            with suppress(OSError):  # somebody has put something there
                os.rmdir(self._root)

    def _at(self, name: str) -> str:
        return os.path.join(self._root, name)

    def _list(self, name: str) -> None:
        """Make the folders on the way to a free name, and write the name down."""
        self.make(os.path.dirname(name))
        if self.holds(name):
            raise FileExistsError(f"{self.path / name} exists already: an export writes new files only")
        os.write(self._marker, b"f" + os.fsencode(name) + b"\0")


def _take_over(root: str, path: Path) -> dict[str, Any] | None:
    """Remove an unfinished export; returns what its marker says, None where there was none."""
    names = set(os.listdir(root))
    if not names:
        return None
    taken = ValueError(f"{path} is not empty: name a new folder with --to.")
    if MARKER not in names:
        raise taken
    try:
        marker = open_descriptor(os.path.join(root, MARKER), os.O_RDWR, follow=False)
    except OSError:
        raise taken from None
    try:
        _hold(marker, path)
        header = _header(marker, alone=names == {MARKER})
        if header is None:
            raise taken
        _remove_listed(root, marker)
        if left := sorted(set(os.listdir(root)) - {MARKER}):
            what = f"{left[0][:100]!r}, which is not of the unfinished export there"
            raise ValueError(f"{path} holds {what}: name a new folder with --to.")
        os.unlink(os.path.join(root, MARKER))
    finally:
        os.close(marker)
    return header


def _header(marker: int, *, alone: bool) -> dict[str, Any] | None:
    """What a marker says of itself; None where it is not one that was made here."""
    status = os.fstat(marker)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return None
    first = read_at(marker, 4096, 0).split(b"\0")[0]
    if not first and alone:
        return {"is_new": False}  # killed before it wrote a word
    with suppress(ValueError, TypeError, KeyError):
        header: dict[str, Any] = orjson.loads(first)
        if header["inode"] == _inode(marker) and isinstance(header["is_new"], bool):
            return header
    return None


def _remove_listed(root: str, marker: int) -> None:
    """Remove what a marker lists, the last first. Nothing is removed through a link."""
    with open(os.dup(marker), "rb") as file:
        file.seek(0)
        entries = file.read().split(b"\0")[1:-1]  # the last one may be half a name: it was not made
    for entry in reversed(entries):
        kind, name = entry[:1], os.fsdecode(entry[1:])
        parts = name.split(os.sep)
        if os.path.isabs(name) or os.pardir in parts or not name:
            continue
        if not all(_is_folder(os.path.join(root, *parts[:depth])) for depth in range(1, len(parts))):
            continue
        with suppress(OSError):  # it was not made yet, or a folder holds something else
            (os.rmdir if kind == b"d" else os.unlink)(os.path.join(root, name))


def _is_folder(path: str) -> bool:
    """Whether a folder is there, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _inode(descriptor: int) -> list[int]:
    status = os.fstat(descriptor)
    return [status.st_dev, status.st_ino]


def _hold(marker: int, path: Path) -> None:
    """Raise OSError where another export is writing."""
    try:
        lock(marker, wait=False)
    except OSError as error:
        raise OSError(error.errno, f"another export is writing to {path}") from None
