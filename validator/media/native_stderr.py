"""Catches what C libraries print: libtiff writes to file descriptor 2 itself, past Python's warnings."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_MAX_BYTES = 1 << 16


@contextmanager
def caught_stderr() -> Iterator[list[str]]:
    """Redirect descriptor 2 of the whole process; the list holds the lines afterwards.

    Lines with control characters are dropped: they are a progress bar's, not a library's. Nothing is caught where
    there is no stderr, or no room for a temporary file.
    """
    lines: list[str] = []
    try:
        saved, file = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115
    except OSError:
        yield lines
        return
    with file:
        _flush()
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            text = file.read(_MAX_BYTES).decode("utf-8", "replace")
            lines.extend(line for line in text.split("\n") if line.strip() and line.isprintable())


def _flush() -> None:
    with suppress(Exception):  # closed or replaced by something else
        sys.stderr.flush()
