"""How a run is carried out. Nothing here changes a result: it is no part of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from validator.catalog.json_rows import RawRow
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts

ROW_TIMEOUT = 300.0
"""Seconds that a row may take; then it is unchecked."""


@dataclass(frozen=True, slots=True)
class Options:
    """`workers`: processes of a Dask cluster on this machine, 0 for one process without Dask, None for a choice by the
    work to do. `scheduler`: the address of a running cluster. `shard_rows`: rows of a shard instead of a choice by
    measured speed. `memory_limit`: bytes that a worker may use. `resume`: take results of earlier runs.
    `by_content`: media are the same if their bytes are, not if their size and time are. `witness`: is asked about every
    row, and what it says is the row's `disagreement` (`--exact`).
    """

    workers: int | None = None
    scheduler: str | None = None
    resume: bool = True
    row_timeout: float = ROW_TIMEOUT
    memory_limit: int | None = None
    shard_rows: int | None = None
    by_content: bool = False
    witness: Callable[[Measurer], Callable[[RawRow, RowFacts], str | None]] | None = None

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.workers is not None:
            raise ValueError("--workers and --scheduler exclude each other: a running cluster has its own workers.")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_memory(options: Options, workers: int) -> int:
    """Bytes that each of some workers on this machine may use: an equal share of nine tenths of what is there."""
    if options.memory_limit is not None:
        return options.memory_limit
    if hasattr(os, "sysconf"):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        import psutil

        total = psutil.virtual_memory().total
    return int(total * 0.9) // max(workers, 1)
