"""Files that the operating system opens: a disk, or a network mount that answers slowly."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from validator.storage.fetched import AT_ONCE, Fetched, Room, Want
from validator.storage.identity import Identity

_MOST = 64 << 20
"""Bytes of a file that is read ahead; who uses a larger one reads it, piece by piece."""
Answer = TypeVar("Answer")


def look(path: str) -> Identity:
    """What is at a local path."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null character
        return Identity("absent", stamp=getattr(error, "errno", None) or 0)
    return _identity(status)


def _identity(status: os.stat_result) -> Identity:
    if stat.S_ISREG(status.st_mode):
        return Identity("file", status.st_size, status.st_mtime_ns)
    return Identity("folder" if stat.S_ISDIR(status.st_mode) else "special")


class LocalFiles:
    """Fetches by threads: the fetcher of paths on this machine."""

    def __init__(self, number: int) -> None:
        self._threads = ThreadPoolExecutor(number, "media")

    def close(self) -> None:
        """End the threads once they have answered."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def look(self, path: str) -> Identity:
        """See `Fetcher`."""
        return await self._run(partial(look, path))

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """See `Fetcher`. What fails is left to whoever reads the file after all, in the trainer's way."""
        fetched = await self._run(partial(read, path, want, min(want.most, AT_ONCE)))
        length = want.length_of(fetched.identity.size)
        if fetched.data is None and fetched.identity.kind == "file" and length <= min(want.most, _MOST):
            await room(length)
            fetched = await self._run(partial(read, path, want))
        return fetched

    async def _run(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def read(path: str, want: Want, most: int | None = None) -> Fetched:
    """The identity of a file and its bytes, if these are no more than `most` and it stays the same meanwhile."""
    most = want.most if most is None else most
    identity = look(path)
    if identity.kind != "file" or want.length_of(identity.size) > most:
        return Fetched(identity)
    try:
        with open(path, "rb", buffering=0) as file:
            data = os.pread(file.fileno(), want.length_of(identity.size), want.first)
            same = _identity(os.fstat(file.fileno())) == identity and len(data) == want.length_of(identity.size)
    except OSError:
        return Fetched(identity)
    return Fetched(identity, data if same else None)
