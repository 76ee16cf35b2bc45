"""How a check is carried out. Nothing here changes a result: it is no part of the settings."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from validator.option import EXECUTION, Flag
from validator.storage.fetched import PREFETCH

ROW_TIMEOUT = 300.0
"""Seconds that a row may take; then it is unchecked."""


class Execution(BaseModel):
    """Processes, memory and time of a check. `witness` (for `--exact`) makes of a Measurer what is asked about every
    row and its facts; what it says is the row's `disagreement`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[
        int | None, Flag("Worker processes; 0: one process, without Dask. Default: depends on the work.", EXECUTION)
    ] = Field(default=None, ge=0)
    scheduler: Annotated[str | None, Flag("Address of a running Dask scheduler.", EXECUTION)] = None
    resume: Annotated[bool, Flag("Reuse results of earlier runs on the same data.", EXECUTION)] = True
    row_timeout: Annotated[
        float, Flag("Seconds after which a row is given up and counted as unchecked.", EXECUTION)
    ] = Field(default=ROW_TIMEOUT, ge=1, le=1e6)
    memory_limit: Annotated[
        int | None, Flag("Memory limit per process, in MiB. Default: an equal share of 90% of all.", EXECUTION)
    ] = Field(default=None, ge=128, le=2**40)
    hash_media: Annotated[
        bool, Flag("Recognise unchanged media by content, not by size and modification time.", EXECUTION)
    ] = False
    shard_rows: Annotated[int | None, Flag("Rows per shard. Default: about 5 seconds of work.", EXECUTION)] = Field(
        default=None, ge=1, le=2**31
    )
    prefetch: Annotated[
        int,
        Flag("Media files that a process requests from storage in advance; at most N MiB are held.", EXECUTION),
    ] = Field(default=PREFETCH, ge=1, le=1024)
    witness: Any = None

    @model_validator(mode="after")
    def _one_cluster(self) -> Execution:
        if self.scheduler is not None and self.workers is not None:
            raise ValueError("--workers and --scheduler cannot be combined: a running cluster has its own workers.")
        return self


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_memory(execution: Execution, workers: int) -> int:
    """Bytes that each of some workers on this machine may use: an equal share of nine tenths of what is there."""
    if execution.memory_limit is not None:
        return execution.memory_limit << 20
    if hasattr(os, "sysconf"):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        import psutil

        total = psutil.virtual_memory().total
    return int(total * 0.9) // max(workers, 1)
