"""A folder whose every system call takes its time, as on a disk that is mounted over a network."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")
_KINDS = ("open", "stat", "read", "close")
_LAYOUT = struct.Struct(f"={len(_KINDS)}Q")


def can_be_slow() -> bool:
    """Whether this machine has what it needs: a compiler."""
    return shutil.which("gcc") is not None


class SlowCalls:
    """`environment`: in which processes find the folder slow."""

    def __init__(self, environment: dict[str, str], counts: Path) -> None:
        self.environment, self._counts = environment, counts

    def counts(self) -> dict[str, int]:
        """Calls so far, of all processes: those that open, ask what is there, read and close."""
        return dict(zip(_KINDS, _LAYOUT.unpack(self._counts.read_bytes()), strict=True))

    def clear(self) -> None:
        """Count from nothing."""
        with self._counts.open("r+b") as file:
            file.write(bytes(_LAYOUT.size))


@contextmanager
def slow_calls(folder: Path, seconds: float) -> Iterator[SlowCalls]:
    """Have processes sleep some seconds at each call about a path below a folder, or a file that was opened there."""
    with tempfile.TemporaryDirectory() as made:
        library, counts = Path(made) / "slow_calls.so", Path(made) / "counts"
        options = ("-shared", "-fPIC", "-O2", "-fno-builtin", "-U_FORTIFY_SOURCE", "-Wall", "-Werror")
        subprocess.run(["gcc", *options, "-o", library, _SOURCE, "-ldl"], check=True)
        counts.write_bytes(bytes(_LAYOUT.size))
        environment = {
            "LD_PRELOAD": str(library),
            "SLOW_FOLDER": str(folder),
            "SLOW_SECONDS": str(seconds),
            "SLOW_CALLS": str(counts),
        }
        yield SlowCalls(environment, counts)
