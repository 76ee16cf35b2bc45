"""The command under test, and which of the design's options it has by now."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from scripts.benchmarks.process import Cost, cost_of

TOOL = (sys.executable, "-m", "validator.cli.main")
ENDED = (0, 1)
"""Exit codes of a check that was complete."""


class NotBuiltError(Exception):
    """The command has no such option yet."""


@cache
def _help() -> str:
    return cost_of((*TOOL, "check", "--help")).output


def need(*options: str) -> None:
    """Raise NotBuiltError where the command lacks an option."""
    for option in options:
        if option not in _help():
            raise NotBuiltError(option)


def serial() -> tuple[str, ...]:
    """Arguments for a run in one process."""
    return ("--workers", "0") if "--workers" in _help() else ()


@contextmanager
def run_folder() -> Iterator[Path]:
    """A new folder for results: nothing is taken from earlier runs."""
    with tempfile.TemporaryDirectory(prefix="mmvalidate-bench-") as folder:
        yield Path(folder)


def check(
    registry: Path, *arguments: str, folder: Path | None = None, watch: Callable[[int], None] | None = None
) -> Cost:
    """What a check costs, from the start of the process to its exit."""
    if folder is None:
        with run_folder() as made:
            return check(registry, *arguments, folder=made, watch=watch)
    command = (*TOOL, str(registry), "-q", "--run-dir", str(folder), *arguments)
    return cost_of(command, accepted=ENDED, watch=watch)
