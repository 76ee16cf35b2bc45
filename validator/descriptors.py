"""Files by their descriptors, on every system: where one lacks a flag, a call or a lock, this is the place that knows.

What is missing where, and what that means to a user, stands in docs/platforms.md.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_AS_IT_IS = getattr(os, "O_BINARY", 0)
"""Windows would translate line ends."""
_UNHELD = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""Not inherited by programs that are started, and a named pipe is not waited for."""


def open_descriptor(path: Path | str, flags: int, mode: int = 0o666, *, follow: bool) -> int:
    """os.open, bytes as they are, waiting for nothing. `follow`: through a link; else OSError (ELOOP) where the system
    can refuse it.
    """
    return os.open(path, flags | _AS_IT_IS | _UNHELD | (0 if follow else _NO_FOLLOW), mode)


def read_at(descriptor: int, size: int, place: int) -> bytes:
    """At most so many bytes from a place on. Where there is no pread(2), the descriptor's own place moves there."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, size)


def write_at(descriptor: int, data: bytes, place: int) -> int:
    """Write at a place; returns the bytes written. Where there is no pwrite(2), the descriptor's own place moves."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.write(descriptor, data)


def make_blocking(descriptor: int) -> None:
    """Have reads of a descriptor wait for what comes, as programs expect. Regular files never differ in this."""
    if hasattr(os, "set_blocking"):
        with suppress(OSError):
            os.set_blocking(descriptor, True)


def lock(descriptor: int, *, wait: bool) -> None:
    """Hold a file or folder alone (flock(2)) until the descriptor is closed, or the process ends. Raises
    BlockingIOError where another holds it and `wait` is False, OSError where the file system knows no locks. Without
    advisory locks (Windows) nothing is held.
    """
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
