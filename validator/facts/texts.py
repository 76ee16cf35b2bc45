"""Rows without media and problems, taken together: what corpus rules look at comes in columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from validator.facts.columns import are_among, numbers_of, values_of
from validator.settings import Settings


@dataclass(frozen=True, slots=True)
class Texts:
    """Rows of one file that have neither media nor problems, in order: records of samples.parquet, and the 0-based
    place of each row in what the trainer reads.
    """

    records: pa.RecordBatch
    file: str
    places: np.ndarray
    settings: Settings

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, null as -1."""
        return numbers_of(self.records[name])

    def values(self, name: str) -> list[Any]:
        """Any column."""
        return values_of(self.records[name])

    def are(self, name: str, value: str) -> np.ndarray:
        """Where a column of texts has a value."""
        return are_among(self.records[name], (value,))
