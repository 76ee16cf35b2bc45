"""What a text points at: one box, point or outline, as it is stored among the facts of a turn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from validator.records.arrow import Int32


@dataclass(frozen=True, slots=True)
class Shape:
    """A box, a point or the extent of an outline, in the numbers of its text, x before y.

    `kind`: `box` (its corners as they are written, the second may lie before the first), `bbox` (the same under a key
    that some data use for left, top, width, height), `point` (both corners alike) or `outline` (of three or more
    corners: the box around it). `image` is the place of its image among those of the row, None where that is not
    certain. Numbers may be negative, NaN or infinite. `filled`: the trainer wrote it itself, from 0 to 1000.
    """

    kind: str
    image: Int32 | None
    x1: float
    y1: float
    x2: float
    y2: float
    filled: bool = False

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """The least x and y, and the largest."""
        return min(self.x1, self.x2), min(self.y1, self.y2), max(self.x1, self.x2), max(self.y1, self.y2)

    @property
    def finite(self) -> bool:
        """Whether all four are numbers."""
        return math.isfinite(self.x1 + self.y1 + self.x2 + self.y2)

    @property
    def fault(self) -> str | None:
        """What is wrong with it whatever its system is: `nan`, `reversed`, `empty`; None where nothing is."""
        if not self.finite:
            return "nan"
        if self.kind == "point":
            return None
        if self.x2 < self.x1 or self.y2 < self.y1:
            return "reversed"
        return "empty" if self.x2 == self.x1 or self.y2 == self.y1 else None


def extent(points: tuple[float, ...]) -> tuple[float, float, float, float]:
    """The box around points that are given as x, y, x, y ..."""
    xs, ys = points[::2], points[1::2]
    if not math.isfinite(sum(points)):
        return math.nan, math.nan, math.nan, math.nan
    return min(xs), min(ys), max(xs), max(ys)
