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
        self._total = 0
        self._shown = (0, 0, 0)
        self._replayed = 0
        self._label = ""
        self._began = self._last = time.monotonic()

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
        if self._bar is not None:
            self._bar.update(self._task, description=f"reading {printable(file)}")

    def checking(self, rows: int, engine: str) -> None:
        """Begin to count rows."""
        self._total, self._began = rows, time.monotonic()
        if self._bar is not None:
            self._bar.reset(self._task, total=rows, description=f"checking ({engine})")

    def writing(self, rows: int, engine: str) -> None:
        """Begin to write rows."""
        self._label, self._total = f"writing ({engine})", rows
        if self._bar is not None:
            self._bar.reset(self._task, total=rows, description=self._label)

    def checked(self, rows: int, media: int, findings: int) -> None:
        """Show the counts: a bar, or a line every LINE_EVERY seconds."""
        self._shown = (rows, media, findings)
        self._tell(min(rows, self._total), "rows")  # those of a shard that is tried again are counted twice

    def replaying(self, what: str, samples: int) -> None:
        """Begin a part of a replay."""
        self._label, self._total, self._replayed = f"replaying {printable(what)}", samples, 0
        if self._bar is not None:
            self._bar.reset(self._task, total=samples, description=self._label)

    def counting(self, rows: int) -> None:
        """Begin to count rows under other limits."""
        self._label, self._total, self._replayed = "counting", rows, 0
        if self._bar is not None:
            self._bar.reset(self._task, total=rows, description=self._label)

    def counted(self, rows: int) -> None:
        """So many rows have been counted."""
        self._tell(min(rows, self._total), "rows")

    def step(self, what: str) -> None:
        """Begin a step whose length is not known: a sentence on a terminal, nothing elsewhere."""
        self._label = printable(what)
        if self._bar is not None:
            self._bar.reset(self._task, total=None, description=self._label)

    def copying(self, rows: int) -> None:
        """Begin to copy rows."""
        self._label, self._total, self._replayed = "copying", rows, 0
        if self._bar is not None:
            self._bar.reset(self._task, total=rows, description=self._label)

    def row_done(self) -> None:
        """Advance by one replayed sample, or copied row."""
        self._replayed += 1
        self._tell(self._replayed, "rows" if self._label == "copying" else "samples")

    def auditing(self, what: str) -> None:
        """Begin to read a checkpoint."""
        self._label, self._total = f"auditing {printable(what)}", 0

    def read(self, done: int, total: int) -> None:
        """So many bytes of a checkpoint have been read."""
        if self._bar is not None and total >> 20 != self._total:
            self._bar.reset(self._task, total=total >> 20, description=self._label)
        self._total = total >> 20
        self._tell(done >> 20, "MiB")

    def _tell(self, done: int, noun: str) -> None:
        now = time.monotonic()
        words = self._label or self._rates(now)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, description=words)
        elif not self._quiet and now - self._last > LINE_EVERY:
            self._last = now
            print(f"{done:,} of {self._total:,} {noun}, {words}", file=sys.stderr, flush=True)

    def _rates(self, now: float) -> str:
        rows, media, findings = self._shown
        seconds = max(now - self._began, 1e-3)
        return f"{rows / seconds:,.0f} rows/s, {media / seconds:,.0f} media/s, {findings:,} findings"

    def note(self, text: str) -> None:
        """Print a sentence."""
        if self._bar is not None:
            self._bar.console.print(printable(text), markup=False, highlight=False)
        elif not self._quiet:
            print(printable(text), file=sys.stderr, flush=True)
