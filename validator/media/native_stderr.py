"""Catches what C libraries print: libtiff writes to file descriptor 2 itself, past Python's warnings."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def caught_stderr() -> Iterator[list[str]]:
    """Redirect descriptor 2 of the whole process; the list holds the lines afterwards.

    Lines with control characters are dropped: they are a progress bar's, not a library's.
    """
    lines: list[str] = []
    try:
        saved = os.dup(2)
    except OSError:  # started without a stderr: there is nothing to catch
        yield lines
        return
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            text = file.read(1 << 16).decode("utf-8", "replace")
            lines.extend(line for line in text.split("\n") if line.strip() and line.isprintable())
