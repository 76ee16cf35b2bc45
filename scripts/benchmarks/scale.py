"""How much of everything is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SLOW_TURNS = 3
"""Repetitions at most, where a side takes minutes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`rows`: of the longer run of each kind. `pool`: distinct images of a format. `trainer_rows`: rows, and distinct
    images, that the slow sides see. `work_seconds`: length of the run that is given to several workers.
    """

    rows: Mapping[str, int]
    pool: int
    trainer_rows: int
    repeats: int
    work_seconds: float
    memory_rows: tuple[int, int]
    rerun_rows: int
    many_rows: int
    starts: int
    growth_rows: tuple[int, int, int]
    small_files: int


FULL = Scale(
    {"jpeg": 12_000, "png": 1_200, "webp": 500, "mix": 500, "text": 60_000},
    pool=300,
    trainer_rows=300,
    repeats=5,
    work_seconds=75.0,
    memory_rows=(10_000, 1_000_000),
    rerun_rows=100_000,
    many_rows=1_000_000,
    starts=7,
    growth_rows=(20_000, 80_000, 320_000),
    small_files=5_000,
)
QUICK = Scale(
    {"jpeg": 1_200, "png": 120, "webp": 60, "mix": 60, "text": 6_000},
    pool=24,
    trainer_rows=24,
    repeats=2,
    work_seconds=8.0,
    memory_rows=(1_000, 20_000),
    rerun_rows=2_000,
    many_rows=20_000,
    starts=3,
    growth_rows=(500, 1_000, 2_000),
    small_files=500,
)
