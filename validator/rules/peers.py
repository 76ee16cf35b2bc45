"""Rows that stand out among the rows of their entry: a bounded, mergeable aggregate of one count per row."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

ENOUGH = 200
"""Rows of an entry below which nothing is said about outliers."""
KEPT = 1000
"""Largest rows remembered, and so the most that are reported."""
TIMES = ((0.99, 2.5), (0.95, 5.0))
"""A row stands out above 2.5 times what 99 of 100 rows reach at most, or 5 times what 95 of 100 do, whichever is less:
the second holds where outliers are more than one row in a hundred. Lengths of rows are skewed, so that distances from
the median (10 median absolute deviations) name up to 9 in 100 healthy rows: docs/decisions.md, "Outliers are far above
what nearly all peers reach".
"""
LEAST = 256
"""Tokens below which no row stands out: it costs a step nothing, and holds no log."""


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

    def add_all(self, values: np.ndarray, file: str, rows: np.ndarray, sample_ids: Sequence[str]) -> None:
        """Count rows of a file; they come in order."""
        few = max(KEPT - len(self.largest), 0)
        for place in range(min(few, len(values))):
            self.add(int(values[place]), file, int(rows[place]), sample_ids[place])
        if len(values) > few:
            values, rows, sample_ids = values[few:], rows[few:], sample_ids[few:]
            least, first, *_ = self.largest[0]
            larger = (values > least) | ((values == least) & (file > first))
            self.counts.update(values[~larger].tolist())
            for place in np.flatnonzero(larger).tolist():
                self.add(int(values[place]), file, int(rows[place]), sample_ids[place])

    def merge(self, other: Peers) -> Peers:
        """Join two parts of an entry."""
        return Peers(self.counts + other.counts, heapq.nlargest(KEPT, self.largest + other.largest)[::-1])

    def threshold(self) -> float | None:
        """The count above which a row stands out (`TIMES`, `LEAST`); None where there are too few rows."""
        if self.counts.total() < ENOUGH:
            return None
        return max(min(times * self.reached(share) for share, times in TIMES), LEAST)

    def reached(self, share: float) -> int:
        """The least count that this share of the rows does not exceed."""
        wanted = math.ceil(share * self.counts.total())
        seen = 0
        for value in sorted(self.counts):
            seen += self.counts[value]
            if seen >= wanted:
                return value
        raise ValueError("there are no rows")

    def above(self, threshold: float) -> list[tuple[int, str, int, str]]:
        """The remembered rows above a threshold as (count, file, row, sample_id), in file order."""
        rows = [(value, file, -row, sample_id) for value, file, row, sample_id in self.largest if value > threshold]
        return sorted(rows, key=lambda item: (item[1], item[2]))
