"""Opens the files that a user, or a file of the user's, names: regular files of a size that is right for them.

A named pipe would be waited for without end and a device read without end. What the shell puts in the place of
`<(command)`, a pipe that it has opened itself (/dev/fd/63), is read to its end, and what it held is kept: it can be
read once.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from validator.descriptors import make_blocking, open_descriptor

_DESCRIPTOR = re.compile(r"/dev/(fd/\d+|stdin)|/proc/self/fd/\d+")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


_piped: dict[tuple[str, int] | None, bytes] = {}
"""What pipes of the shell held, by path and inode."""


def open_named(path: Path) -> BinaryIO:
    """Open a regular file, or a pipe that the shell has opened. Raises OSError, whose `strerror` says what it is."""
    try:
        _refuse(path, os.stat(path).st_mode)  # a device may act when it is opened
        descriptor = open_descriptor(path, os.O_RDONLY, follow=True)
    except ValueError:
        raise OSError(errno.EINVAL, "its name holds a null character", str(path)) from None
    try:
        _refuse(path, os.fstat(descriptor).st_mode)  # it may have been replaced since
        make_blocking(descriptor)
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_named(path: Path, most: int) -> bytes:
    """The content of such a file, of at most so many bytes. Raises OSError."""
    with open_named(path) as file:
        status = os.fstat(file.fileno())
        pipe = (str(path), status.st_ino) if stat.S_ISFIFO(status.st_mode) else None
        data = _piped[pipe] if pipe in _piped else file.read(most + 1)
    if pipe is not None:
        _piped[pipe] = data
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {_size(most)}", str(path))
    return data


def _refuse(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and _DESCRIPTOR.fullmatch(str(path))):
        return
    kind = next((words for holds, words in _KINDS if holds(mode)), "something else")
    raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, f"it is {kind}, not a file", str(path))


def _size(number: int) -> str:
    return f"{number >> 20:,} MiB" if number >= 1 << 20 else f"{number >> 10:,} KiB"
