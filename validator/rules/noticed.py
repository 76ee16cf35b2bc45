"""Rows that were noticed: how many, and which came first. A bounded, mergeable aggregate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from validator.facts.record import RowFacts
from validator.findings import count


@dataclass(slots=True)
class Noticed:
    """A number of rows and the first of them as (file, row)."""

    rows: int = 0
    first: tuple[str, int] | None = None

    def add(self, facts: RowFacts) -> None:
        """Notice a row; rows come in order."""
        self.rows += 1
        if self.first is None:
            self.first = (facts.file, facts.row)

    def add_all(self, file: str, rows: np.ndarray) -> None:
        """Notice rows of a file; they come in order."""
        self.rows += len(rows)
        if self.first is None and len(rows):
            self.first = (file, int(rows[0]))

    def merge(self, other: Noticed) -> Noticed:
        """Join the rows that come after these."""
        return Noticed(self.rows + other.rows, self.first or other.first)

    def __str__(self) -> str:
        place = f" (first: row {self.first[1]} of {self.first[0]})" if self.first else ""
        return count(self.rows, "row") + place
