"""One run at a time in a run folder; nothing that an earlier run left unfinished stays in it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_run(folder: Path) -> Iterator[Path]:
    """Hold the run folder; yields a folder for what lives no longer than the run.

    Raises OSError where another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    with (cache / "lock").open("a") as lock:
        _hold(lock.fileno(), folder)
        for part in (*folder.glob("*.part"), *cache.glob("*/.*.part"), *cache.glob(".*.part")):
            part.unlink(missing_ok=True)
        running = cache / "running"
        shutil.rmtree(running, ignore_errors=True)
        running.mkdir()
        try:
            yield running
        finally:
            shutil.rmtree(running, ignore_errors=True)


def _hold(descriptor: int, folder: Path) -> None:
    if sys.platform == "win32":
        return  # no advisory locks there: two runs in one folder are the user's care
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OSError(error.errno, f"another run is writing to {os.fspath(folder)}") from None
