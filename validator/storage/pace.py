"""Whether files on this machine answer slowly: where reading one sleeps, reading many at a time pays."""

from __future__ import annotations

import time
from collections import deque
from functools import lru_cache
from statistics import median

_SLEEPS = 0.00015
"""Seconds asleep in reading one file, from which on threads pay. Files in the page cache are read without any."""
_TIMED, _LEAST, _ONE_OF = 5, 3, 16


class Pace:
    """How long this process slept in reading the last files that were timed: the first few, then one of some."""

    def __init__(self) -> None:
        self._slept: deque[float] = deque(maxlen=_TIMED)
        self._number = 0

    @property
    def is_slow(self) -> bool:
        """Whether threads pay."""
        return len(self._slept) >= _LEAST and median(self._slept) > _SLEEPS

    @property
    def rows_alone(self) -> int:
        """How many rows are read one after the other, to find out."""
        return 1 if self.is_slow else 4

    def begin(self) -> float | None:
        """The reading of a file begins; None where it is not timed."""
        self._number += 1
        if self._number % _ONE_OF and len(self._slept) == _TIMED and not self.is_slow:
            return None
        return time.perf_counter() - time.thread_time()

    def end(self, began: float | None) -> None:
        """It ends."""
        if began is not None:
            self._slept.append(time.perf_counter() - time.thread_time() - began)


@lru_cache(maxsize=64)
def pace_of(root: str) -> Pace:
    """What this process knows of the files below a root."""
    return Pace()
