"""The geometry of the charts: numbers for the templates, in units of the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from validator.report.html.scan import STEPS, Ints

BARS = 56
"""About how many bars a histogram has."""
_LINEAR = 4
"""A range narrower than this ratio is drawn on a linear axis."""
CELLS_SHOWN = 1500
"""Cells of a scatter; where there are more they are joined, four to one."""
_NEAR = 64
"""The cutoff is inside the picture where it is at most so many times the longest row."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, from 0 to 1."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows with `low` to `high` tokens. Places and sizes from 0 to 1; `beyond` the cutoff."""

    left: float
    width: float
    height: float
    rows: int
    low: int
    high: int
    beyond: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution. `cutoff` is where the line stands, None where that lies outside; `most` the tallest bar's rows;
    `none` rows with nothing, which are not drawn.
    """

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    cutoff: float | None
    most: int
    rows: int
    beyond: int
    none: int
    percentiles: dict[str, int] = field(default_factory=dict)


class Axis:
    """Places of token counts from `low` to `high`: logarithmic, or linear where the range is narrow."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, max(high, low + 1)
        self.linear = (1 + self.high) < _LINEAR * (1 + self.low)
        self._from, self._to = self._scale(self.low), self._scale(self.high)

    def _scale(self, value: float) -> float:
        return value if self.linear else math.log2(1 + value)

    def place(self, value: float) -> float:
        """Where a count stands, from 0 to 1 within the range."""
        return round((self._scale(value) - self._from) / (self._to - self._from), 4)

    def edges(self, number: int) -> list[int]:
        """The first whole count of each of about `number` equal parts, and one past the last."""
        steps = (self._from + (self._to - self._from) * index / number for index in range(1, number))
        inner = {math.ceil(step if self.linear else 2**step - 1) for step in steps}
        return sorted({self.low, *inner, self.high + 1})

    def ticks(self, most: int = 8) -> list[Tick]:
        """Round counts within the range."""
        if self.linear:
            step = 10 ** math.floor(math.log10(max((self.high - self.low) / 4, 1)))
            step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= most)
            values = list(range(-(-self.low // step) * step, self.high + 1, step))
        else:
            first, last = math.ceil(math.log2(max(self.low, 1))), math.floor(math.log2(max(self.high, 1)))
            every = max(1, math.ceil((last - first + 1) / most))
            values = [1 << power for power in range(last, first - 1, -every)][::-1]
            values = [0, *values] if self.low == 0 else values
        return [Tick(self.place(value), f"{value:,}") for value in values]


def histogram(values: Ints, counts: Ints, cutoff: int) -> Histogram | None:
    """The distribution of counted values above 0; None where there are none."""
    some = values > 0
    none = int(counts[~some].sum())
    values, counts = values[some], counts[some]
    if not len(values):
        return None
    longest = int(values[-1])
    inside = cutoff <= longest * _NEAR
    axis = Axis(int(values[0]), max(longest, cutoff) if inside and longest * 8 >= cutoff else longest)
    shown = axis.low <= cutoff <= axis.high
    edges = axis.edges(BARS)
    if shown:
        edges = sorted({*edges, cutoff + 1})
    running = np.concatenate(([0], np.cumsum(counts)))
    rows = np.diff(running[np.searchsorted(values, edges)])
    most = int(rows.max())
    bars = []
    for low, high, number in zip(edges[:-1], edges[1:], rows, strict=True):
        left, right = axis.place(max(low - 0.5, axis.low)), axis.place(min(high - 0.5, axis.high))
        if number:
            height = round(int(number) / most, 4)
            bars.append(Bar(left, round(right - left, 4), height, int(number), low, high - 1, low > cutoff))
    total = int(running[-1])
    ranks = {f"p{percent}": max(-(-total * percent // 100), 1) for percent in (50, 90, 99)}
    percentiles = {name: int(values[np.searchsorted(running[1:], rank)]) for name, rank in ranks.items()}
    percentiles["max"] = longest
    beyond = int(counts[values > cutoff].sum())
    return Histogram(bars, axis.ticks(), axis.place(cutoff) if shown else None, most, total, beyond, none, percentiles)


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows in a cell of the scatter. Places and sizes from 0 to 1, from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float
    strength: float
    rows: int
    text: str
    visual: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Text tokens to the right, visual tokens upwards. `line` are points where both together are the cutoff."""

    cells: Sequence[Cell]
    across: Axis
    up: Axis
    line: Sequence[tuple[float, float]]


def scatter(density: Ints, cutoff: int) -> Scatter | None:
    """The density of rows by text and visual tokens, in cells; None where there are no rows."""
    size = 1
    while np.count_nonzero(density) > CELLS_SHOWN:
        density = density.reshape(len(density) // 2, 2, -1, 2).sum(axis=(1, 3))
        size *= 2
    rows_at = np.argwhere(density)
    if not len(rows_at):
        return None

    def edge(cell: int) -> int:
        return _edge(int(cell) * size)

    first, last = rows_at[:, 0].min(), rows_at[:, 0].max()
    across = Axis(edge(first), max(edge(last + 1), 4 * edge(first) + 4))
    up = Axis(0, max(edge(rows_at[:, 1].max() + 1), 16))
    strongest = math.log1p(int(density.max()))
    cells = []
    for column, row in rows_at:
        left, right = (min(max(across.place(edge(column + step)), 0.0), 1.0) for step in (0, 1))
        bottom, top = up.place(edge(row)), up.place(edge(row + 1))
        number = int(density[column, row])
        strength = round(0.18 + 0.82 * math.log1p(number) / strongest, 3)
        texts = (f"{edge(cell):,} to {edge(cell + 1) - 1:,}" for cell in (column, row))
        cells.append(Cell(left, bottom, round(right - left, 4), round(top - bottom, 4), strength, number, *texts))
    texts_ = [across.low + (min(cutoff, across.high) - across.low) * (step / 80) ** 2 for step in range(81)]
    line = [(across.place(text), up.place(cutoff - text)) for text in texts_ if 0 <= cutoff - text <= up.high]
    return Scatter(cells, across, up, line if cutoff >= across.low else [])


def _edge(cell: int) -> int:
    """The least number of tokens in a cell."""
    return max(math.ceil(2 ** (cell / STEPS) - 1 - 1e-9), 0)


def sparkline(cells: Ints, first: int, last: int, cutoff: int) -> tuple[str, str]:
    """Two SVG paths, 100 wide and 20 high, of a distribution by the cells from `first` to `last`: the bars up to the
    cutoff, and those beyond it.
    """
    part = cells[first : last + 1]
    most = max(int(part.max()), 1)
    width = 100 / len(part)
    paths = ["", ""]
    for index, rows in enumerate(part):
        if rows:
            high = max(20 * int(rows) / most, 1.5)
            bar = f"M{index * width:.1f} 20v-{high:.1f}h{0.88 * width:.1f}v{high:.1f}z"
            paths[_edge(first + index) > cutoff] += bar
    return paths[0], paths[1]


class Scale:
    """Places of measured values, from 0 to 1 with a margin; logarithmic where they span more than a factor of 8."""

    def __init__(self, values: Sequence[float]) -> None:
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        self.logarithmic = low > 0 and high > 8 * low
        ends = self._scale(low), self._scale(high)
        room = 0.06 * (ends[1] - ends[0]) or 0.5 * abs(ends[0]) or 1.0
        self._from, self._to = ends[0] - room, ends[1] + room

    def _scale(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def place(self, value: float | None) -> float | None:
        """Where a value stands; None where it is no finite number, or not to be put on a logarithmic axis."""
        if value is None or not math.isfinite(value) or (self.logarithmic and value <= 0):
            return None
        return round((self._scale(value) - self._from) / (self._to - self._from), 4)

    def ticks(self) -> list[Tick]:
        """A few round values."""
        if self.logarithmic:
            powers = range(math.ceil(self._from), math.floor(self._to) + 1)
            values = [10.0**power for power in powers]
            if len(values) < 3:
                values = [factor * 10.0**power for power in range(math.floor(self._from), math.ceil(self._to) + 1)
                          for factor in (1, 2, 5)]  # fmt: skip
            elif len(values) > 7:
                values = values[:: math.ceil(len(values) / 7)]
        else:
            step = 10 ** math.floor(math.log10((self._to - self._from) / 3))
            first = math.ceil(self._from / step)
            values = [step * number for number in range(first, math.floor(self._to / step) + 1)]
            values = values[:: math.ceil(len(values) / 7)]
        places = ((self.place(value), value) for value in values)
        return [Tick(at, f"{value:.4g}") for at, value in places if at is not None and 0 <= at <= 1]
