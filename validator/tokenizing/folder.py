"""The folder that is written: new or empty, or one that the same command has begun and goes on with.

What is not whole lies in a sub-folder, with a record of what it is begun for. When all of it is whole it is moved up:
the record says of each piece which inode it is, so that after an interruption these are removed and nothing else is.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from validator.descriptors import lock, open_descriptor
from validator.errors import BusyError
from validator.findings import clip
from validator.training.preprocessed import CARD
from validator.writing import write_whole

UNFINISHED = ".unfinished"
LEFT_OUT = "left_out.jsonl"
_FORMAT = "unfinished tokenize of mmvalidate"
_RECORD = "begun.json"
_MADE = re.compile(r"\A(?:\.?(?:part-\d+\.arrow|begun\.json)(?:\.\w+\.part)?|lock|running|whole)\Z")


class Unfinished:
    """The sub-folder of what is not whole. `went_on`: some of it was there from an interrupted run of the same command;
    `replaced`: it was of another one, and is gone.
    """

    def __init__(self, target: Path, key: str) -> None:
        self.target, self.folder = target, target / UNFINISHED
        self._key = key
        known = self._record()
        self.went_on = known is not None and known.get("key") == key
        self.replaced = known is not None and not self.went_on
        if known is not None:
            _take_back(target, known.get("placed"))
        if others := sorted(set(os.listdir(target)) - {UNFINISHED}):
            raise ValueError(
                f"{target} holds {clip(others[0])}, which is not of an unfinished command: name a new folder with --to."
            )
        if self.replaced:
            self._clear()
        self._note({})
        for name in ("running", "whole"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()

    def _note(self, placed: dict[str, list[int]]) -> None:
        record = {"format": _FORMAT, "key": self._key, "placed": placed}
        write_whole(self.folder / _RECORD, orjson.dumps(record))

    def _record(self) -> dict[str, Any] | None:
        with suppress(OSError, ValueError):
            record = orjson.loads((self.folder / _RECORD).read_bytes())
            if isinstance(record, dict) and record.get("format") == _FORMAT:
                return record
        return None

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if _MADE.match(path.name) and path.name != "lock":
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    @property
    def running(self) -> Path:
        """For what lives no longer than a run."""
        return self.folder / "running"

    @property
    def whole(self) -> Path:
        """Where the folder is put together."""
        return self.folder / "whole"

    def part(self, job: int) -> Path:
        """The rows of a job."""
        return self.folder / f"part-{job:06d}.arrow"

    def split(self, name: str) -> Path:
        """A new folder for a split. Raises ValueError where its name, which may be that of a data set, leads elsewhere,
        and OSError.
        """
        if not _is_plain(name):
            raise ValueError(f"The split {clip(name)} cannot be a folder: rename the dataset, without / and \\.")
        folder = self.whole / name
        folder.mkdir()
        return folder

    def finish(self) -> None:
        """Give everything its place: the records last, without which no trainer loads the folder. Raises OSError, where
        something has come to stand there meanwhile, too.
        """
        names = sorted(os.listdir(self.whole), key=lambda name: (name == CARD, name.endswith(".json"), name))
        self._note({name: _inode(self.whole / name) for name in names})
        for name in names:
            if os.path.lexists(self.target / name):
                raise FileExistsError(f"{self.target / name} exists already: name a new folder with --to")
            os.rename(self.whole / name, self.target / name)
        shutil.rmtree(self.folder)


def _take_back(target: Path, placed: Any) -> None:
    """Remove what an interrupted command had moved up; what has taken its name since stays."""
    for name, inode in placed.items() if isinstance(placed, dict) else ():
        path = target / name
        if not _is_plain(name) or not os.path.lexists(path) or _inode(path) != inode:
            continue
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()


def _inode(path: Path) -> list[int]:
    status = path.lstat()
    return [status.st_dev, status.st_ino]


def _is_plain(name: str) -> bool:
    """Whether a name is one of a folder, here and elsewhere, and no way to another."""
    return name not in ("", ".", "..", UNFINISHED) and name.isprintable() and not set(name) & set("/\\")


def place(source: Path, target: Path) -> None:
    """Have a file under another name too; a copy where that cannot be: on another disk, or one without such links.
    Raises OSError.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def begun(target: Path, key: str) -> Iterator[Unfinished]:
    """A folder to write to, held alone. Raises ValueError where it holds anything else, and OSError."""
    if os.path.lexists(target) and not target.is_dir():
        raise ValueError(f"{target} is not a folder: name a new one with --to.")
    inner = target / UNFINISHED
    is_ours = inner.is_dir() and not inner.is_symlink()
    if target.is_dir() and os.listdir(target) and not is_ours:
        raise ValueError(f"{target} is not empty: name a new folder with --to.")
    inner.mkdir(parents=True, exist_ok=True)
    if is_ours and any(not _MADE.match(name) for name in os.listdir(inner)):
        raise ValueError(f"{inner} holds what is not of an unfinished command: name a new folder with --to.")
    held = open_descriptor(inner / "lock", os.O_RDWR | os.O_CREAT, follow=False)
    try:
        if not stat.S_ISREG(os.fstat(held).st_mode):
            raise ValueError(f"{inner / 'lock'} is not a file: name a new folder with --to.")
        try:
            lock(held, wait=False)
        except BlockingIOError:
            raise BusyError(f"another command is writing to {target}") from None
        yield Unfinished(target, key)
    finally:
        os.close(held)
