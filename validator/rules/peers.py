"""Rows that stand out among the rows of their entry: a bounded, mergeable aggregate of one count per row."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ENOUGH = 200
"""Rows of an entry below which nothing is said about outliers."""
SPREADS = 10
KEPT = 1000
"""Largest rows remembered, and so the most that are reported."""
LEAST_SPREAD = 0.05
"""Of the median: the spread assumed where nearly all rows are equally long."""


@dataclass(slots=True)
class Peers:
    """How often each count occurs, and the largest rows as (count, file, row, sample_id)."""

    counts: Counter[int] = field(default_factory=Counter)
    largest: list[tuple[int, str, int, str]] = field(default_factory=list)

    def add(self, value: int, file: str, row: int, sample_id: str) -> None:
        """Count one row."""
        self.counts[value] += 1
        item = (value, file, -row, sample_id)  # among equals the earliest rows stay
        if len(self.largest) < KEPT:
            heapq.heappush(self.largest, item)
        elif item > self.largest[0]:
            heapq.heapreplace(self.largest, item)

    def merge(self, other: Peers) -> Peers:
        """Join two parts of an entry."""
        return Peers(self.counts + other.counts, heapq.nlargest(KEPT, self.largest + other.largest)[::-1])

    def threshold(self) -> float | None:
        """Median + 10 median absolute deviations; None where there are too few rows."""
        if self.counts.total() < ENOUGH:
            return None
        median = _median(self.counts)
        deviations: Counter[float] = Counter()
        for value, times in self.counts.items():
            deviations[abs(value - median)] += times
        return median + SPREADS * max(_median(deviations), LEAST_SPREAD * median)

    def above(self, threshold: float) -> list[tuple[int, str, int, str]]:
        """The remembered rows above a threshold as (count, file, row, sample_id), in file order."""
        rows = [(value, file, -row, sample_id) for value, file, row, sample_id in self.largest if value > threshold]
        return sorted(rows, key=lambda item: (item[1], item[2]))


def _median(counts: Mapping[Any, int]) -> float:
    total = sum(counts.values())
    low, high = (total - 1) // 2, total // 2
    seen = 0
    found: list[float] = []
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < 2 and seen > (low, high)[len(found)]:
            found.append(value)
        if len(found) == 2:
            break
    return (found[0] + found[1]) / 2
