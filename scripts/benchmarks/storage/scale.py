"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

DELAY = 0.020
"""Seconds before each answer of a store."""
CALL = 0.002
"""Seconds of each call on a mounted disk."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Rows of each measure, one image each; `s3_other`: what the other checkout sees of `s3`, its time is multiplied.
    `pool`: distinct images. `turns`: of the comparison of processor time.
    """

    http: int
    s3: int
    s3_other: int
    mounted: int
    memory: tuple[int, int]
    local: int
    pool: int
    turns: int


FULL = Scale(400, 10_000, 1_000, 400, (10_000, 100_000), 12_000, 300, 5)
QUICK = Scale(400, 1_000, 500, 100, (1_000, 10_000), 3_000, 24, 3)
