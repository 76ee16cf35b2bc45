"""The table that is printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of both checkouts, in words; `ratio`: this one's over the other's."""

    what: str
    other: str
    this: str
    ratio: str = ""

    @classmethod
    def of(cls, what: str, found: Sequence[float], words: Callable[[float], str]) -> Line:
        """Numbers of the other and of this, in this order."""
        other, this = found
        return cls(what, words(other), words(this), f"{this / other:.3f}" if other > 0 else "")

    def __str__(self) -> str:
        return f"{self.what:92} {self.other:>34} {self.this:>34} {self.ratio:>8}"


HEAD = Line("what", "other", "this", "this/other")


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def mebibytes(value: float) -> str:
    return f"{value / (1 << 20):.1f} MiB"
