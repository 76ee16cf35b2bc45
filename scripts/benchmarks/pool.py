"""The command with a plain process pool in the place of Dask: same plan, same shards, same worker function.

`python -m scripts.benchmarks.pool` takes the command's arguments. It stands on two names of
`validator/engine/execution/dask_engine.py`: the class `DaskEngine`, which it replaces, and `_work`, which checks one
shard in a worker.
"""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any

from validator.cli.main import main
from validator.engine.execution import dask_engine


class Pool:
    """`capacity` and `name` as the engine wants them; two shards a worker are on their way, as with Dask."""

    def __init__(self, execution: Any, workers: int, *_: Any) -> None:
        self._executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        self._jobs: dict[Future[Any], Any] = {}
        self.capacity = 2 * workers
        self.name = f"a pool of {workers} processes"

    def submit(self, job: Any) -> None:
        self._jobs[self._executor.submit(dask_engine._work, job)] = job

    def wait(self, seconds: float) -> list[tuple[Any, Any]]:
        done = wait(self._jobs, seconds, FIRST_COMPLETED).done
        return [(self._jobs.pop(future), future.result()) for future in done]

    def close(self) -> None:
        self._executor.shutdown()


if __name__ == "__main__":
    dask_engine.DaskEngine = Pool
    sys.exit(main())
