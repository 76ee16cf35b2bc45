"""Ratios of steady speeds: start-up falls out as the difference of two sizes, noise as a median over repetitions."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scripts.benchmarks.process import Cost


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things compared: `run` is called with a number of rows; its rows are the longer run's."""

    rows: int
    run: Callable[[int], Cost]


@dataclass(frozen=True, slots=True)
class Steady:
    """Milliseconds a row, medians: of processor time and by the clock; and each repetition's processor time."""

    processor: float
    wall: float
    each: tuple[float, ...]


def measure(sides: Mapping[str, Side], repeats: int) -> dict[str, Steady]:
    """Time half the rows and all rows of every side, the sides taking turns."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            few, many = side.run(side.rows // 2), side.run(side.rows)
            rows = side.rows - side.rows // 2
            costs = (many.processor - few.processor, many.wall - few.wall)
            seen[name].append((costs[0] / rows * 1000, costs[1] / rows * 1000))
    return {
        name: Steady(
            statistics.median(pair[0] for pair in pairs),
            statistics.median(pair[1] for pair in pairs),
            tuple(pair[0] for pair in pairs),
        )
        for name, pairs in seen.items()
    }


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of each repetition."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))
