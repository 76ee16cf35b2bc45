"""Where a process that checks rows is: for progress, and to tell which row it was at when it died."""

from __future__ import annotations

import faulthandler
import mmap
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAYOUT = struct.Struct("=7q")
_PID, _ORDINAL, _ATTEMPT, _ROW, _ROWS, _MEDIA, _FINDINGS = range(7)
BETWEEN = -1
"""In place of a row: the next one is being read."""
REARM = 1.0
"""Seconds after which the watchdog is set anew, and so the precision of the time-out."""


@dataclass(frozen=True, slots=True)
class Place:
    """One reading of a marker. `rows`, `media` and `findings` count since the process began."""

    pid: int
    ordinal: int
    attempt: int
    row: int
    rows: int
    media: int
    findings: int


class Marker:
    """Written by the process that checks, into a small file that others map; a hundred nanoseconds a row."""

    def __init__(self, folder: Path, *, watched: bool = True) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}"
        self._stalled = (folder / f"{name}.stalled").open("w") if watched else None
        with (folder / f"{name}.at").open("w+b") as file:
            file.write(bytes(_LAYOUT.size))
            file.flush()
            self._at = memoryview(mmap.mmap(file.fileno(), _LAYOUT.size)).cast("q")
        self._at[_PID] = os.getpid()
        self._limit = 0.0
        self._armed = 0.0

    def begin(self, ordinal: int, attempt: int, row_timeout: float) -> None:
        """A shard begins. The process ends itself where a row takes longer than `row_timeout` seconds."""
        self._limit, self._armed = row_timeout, 0.0
        self._at[_ORDINAL], self._at[_ATTEMPT] = ordinal, attempt
        self.at(BETWEEN)

    def at(self, row: int) -> None:
        """A row begins."""
        self._at[_ROW] = row
        now = time.monotonic()
        if self._stalled is not None and now - self._armed > REARM:
            self._armed = now
            faulthandler.dump_traceback_later(self._limit + REARM, exit=True, file=self._stalled)

    def done(self, rows: int, media: int, findings: int) -> None:
        """Some rows are checked."""
        self._at[_ROWS] += rows
        self._at[_MEDIA] += media
        self._at[_FINDINGS] += findings
        self.at(BETWEEN)

    def end(self) -> None:
        """The shard ends: whatever takes long now is no row."""
        faulthandler.cancel_dump_traceback_later()


def places(folder: Path) -> list[Place]:
    """The places of all processes that mark into a folder."""
    found = []
    for path in folder.glob("*.at"):
        with suppress(OSError, struct.error):
            found.append(Place(*_LAYOUT.unpack(path.read_bytes())))
    return found


def rows_marked(folder: Path) -> int:
    """Rows that all processes together have checked."""
    return sum(place.rows for place in places(folder))


def has_stalled(folder: Path, pid: int) -> bool:
    """Whether the watchdog has ended a process."""
    return any(path.stat().st_size > 0 for path in folder.glob(f"*-{pid}.stalled"))
