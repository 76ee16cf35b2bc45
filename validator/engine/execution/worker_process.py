"""Makes a process fit for checking many rows. None of it changes a result."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 64 << 20
_OBJECTS = 100_000


def prepare() -> None:
    """Have glibc reuse blocks of up to 64 MiB, since fetching the pages of a picture anew costs up to half of the time
    of decoding it; and keep the garbage collector from walking over everything imported every few rows.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS, 20, 20)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            libc = ctypes.CDLL(None)
            libc.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
            libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
