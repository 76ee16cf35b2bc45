"""What padding costs: every batch is filled up to its longest row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def padded_tokens(lengths: Mapping[int, int], batch_size: int, multiple: int) -> float:
    """Tokens of an epoch, padding included, as the mean over all orders in which rows can be drawn.

    `lengths` counts rows by their number of tokens; a batch is padded to a `multiple` of tokens. The length of a batch
    is the largest of `batch_size` rows drawn without replacement, of which the exact mean is taken; the last, smaller
    batch counts as its share of a full one.
    """
    rounded: dict[int, int] = {}
    for length, rows in lengths.items():
        up = -(-length // multiple) * multiple
        rounded[up] = rounded.get(up, 0) + rows
    if not rounded:
        return 0.0
    values = np.array(sorted(rounded), np.float64)
    below = np.cumsum([rounded[int(value)] for value in values]).astype(np.float64)
    rows = below[-1]
    chance = np.ones(len(values))  # that all rows of a batch are at most so long
    for drawn in range(min(batch_size, int(rows))):
        chance *= np.maximum(below - drawn, 0) / (rows - drawn)
    longest = float(values @ np.diff(chance, prepend=0.0))
    return longest * float(rows)
