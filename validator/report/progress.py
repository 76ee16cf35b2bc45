"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from validator.findings import printable

LINE_EVERY = 10.0
"""Seconds between lines where stderr is no terminal."""


class StderrProgress:
    """Implements the engine's `Progress`."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._done = 0
        self._total = 0
        self._label = ""
        self._last = time.monotonic()

    def __enter__(self) -> StderrProgress:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn as Bar
            from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}", markup=False),
                Bar(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("opening", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def surveying(self, file: str) -> None:
        """Show the file that the loader would read now."""
        self._label = f"reading {printable(file)}"
        if self._bar is not None:
            self._bar.update(self._task, description=self._label)

    def checking(self, dataset: str, rows: int) -> None:
        """Begin an entry."""
        self._label, self._done, self._total = f"checking {printable(dataset)}", 0, rows
        if self._bar is not None:
            self._bar.reset(self._task, total=rows, description=self._label)

    def replaying(self, what: str, samples: int) -> None:
        """Begin a part of a replay."""
        self._label, self._done, self._total = f"replaying {printable(what)}", 0, samples
        if self._bar is not None:
            self._bar.reset(self._task, total=samples, description=self._label)

    def row_done(self) -> None:
        """Advance by one row."""
        self._done += 1
        if self._bar is not None:
            self._bar.advance(self._task)
        elif not self._quiet and time.monotonic() - self._last > LINE_EVERY:
            self._last = time.monotonic()
            print(f"{self._label}: {self._done:,} of {self._total:,} rows", file=sys.stderr, flush=True)
