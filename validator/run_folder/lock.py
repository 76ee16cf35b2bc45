"""One writer at a time: in a run folder, whose mark it holds, and of a file that several runs amend."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from validator.descriptors import lock, open_descriptor, read_at, write_at
from validator.errors import BusyError, NotOursError
from validator.run_folder.mark import FIRST_LINE, LONGEST, check_usable, version_of
from validator.run_folder.names import MARK
from validator.writing import write_new

_RETRIES = 10


_held: dict[Path, tuple[int, int]] = {}
"""Folders that this process holds: descriptor of the mark, and the thread."""


@contextmanager
def hold(folder: Path, command: str) -> Iterator[None]:
    """Hold a run folder, which is made where there is none. A thread that holds it already may hold it again.

    `command` is what others are told. Raises NotOursError where the folder is not one for runs, BusyError where another
    process or thread holds it.
    """
    check_usable(folder)
    place = folder.resolve()
    if place in _held:
        if _held[place][1] != threading.get_ident():
            raise _busy(folder, command, os.getpid(), socket.gethostname())
        yield
        return
    place.mkdir(parents=True, exist_ok=True)
    descriptor = _open(place / MARK, folder)
    try:
        _held[place] = (descriptor, threading.get_ident())
        begin = _write_holder(descriptor, command)
        write_new(place / ".gitignore", b"*\n")
        try:
            yield
        finally:
            os.ftruncate(descriptor, begin)
    finally:
        _held.pop(place, None)
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait for the others that replace files of a folder so, and have those to come wait. The folder is made where
    there is none. Where it cannot be locked - on Windows, on some network storage - two at once are the user's care.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":  # a folder cannot be opened there
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _open(mark: Path, folder: Path) -> int:
    """The mark, made where there is none and locked."""
    for _ in range(_RETRIES):
        try:
            descriptor = open_descriptor(mark, os.O_RDWR | os.O_CREAT, follow=False)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotOursError(f"{mark} is a link: name another folder for the results.") from None
            raise
        try:
            status = os.fstat(descriptor)
            content = read_at(descriptor, LONGEST, 0) if stat.S_ISREG(status.st_mode) else b"?"
            if not version_of(content) or (not content and status.st_nlink > 1):
                raise NotOursError(f"{mark} is not ours: name another folder for the results.")
            _lock(descriptor, folder)
            with suppress(FileNotFoundError):  # whoever held it has removed the folder
                if os.path.samestat(os.lstat(mark), status):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise _busy(folder)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        lock(descriptor, wait=False)
    except BlockingIOError:
        holder = {}
        with suppress(ValueError):
            holder = orjson.loads(read_at(descriptor, LONGEST, 0).partition(b"\n")[2])
        raise _busy(folder, **{name: holder.get(name) for name in ("command", "process", "host")}) from None
    except OSError as error:
        raise OSError(error.errno, f"{folder} cannot be locked: {error.strerror}") from None


def _busy(folder: Path, command: str | None = None, process: int | None = None, host: str | None = None) -> BusyError:
    where = "" if host in (None, socket.gethostname()) else f" on {host}"
    who = f"`mmvalidate {command}` (process {process}{where})" if command else "another command"
    return BusyError(f"{folder} is in use by {who}: wait until that has ended, or name another folder")


def _write_holder(descriptor: int, command: str) -> int:
    """Note who holds the folder behind the first line of its mark; returns where the note begins."""
    content = read_at(descriptor, LONGEST, 0)
    begin = content.find(b"\n") + 1
    if not begin:
        begin = write_at(descriptor, FIRST_LINE, 0)
    note = {"command": command, "process": os.getpid(), "host": socket.gethostname()}
    os.ftruncate(descriptor, begin)
    write_at(descriptor, orjson.dumps(note) + b"\n", begin)
    return begin


def _not_in_a_child() -> None:
    """A forked process has its parent's descriptors, and with them would keep the lock after its parent's end."""
    for descriptor, _ in _held.values():
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_not_in_a_child)
