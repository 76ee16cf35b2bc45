"""Keys from the terminal at stdin, one at a time."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

_ARROWS = {"\x1b[C": "n", "\x1b[B": "n", "\x1b[D": "p", "\x1b[A": "p", "\x1bOC": "n", "\x1bOD": "p"}
"""What terminals send for arrows."""


def has_keys() -> bool:
    """Whether single keys can be read here: not on Windows."""
    return find_spec("termios") is not None


@contextmanager
def single_keys() -> Iterator[None]:
    """Have the terminal hand over every key as it is pressed, without showing it; put back at the end."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def read_key() -> str:
    """The next key, an arrow as the letter of the same meaning; `q` where stdin has ended."""
    data = os.read(sys.stdin.fileno(), 1)
    while data.startswith(b"\x1b") and select.select([sys.stdin], [], [], 0.05)[0] and len(data) < 8:
        data += os.read(sys.stdin.fileno(), 1)
    text = data.decode(errors="replace")
    return _ARROWS.get(text, text) or "q"
