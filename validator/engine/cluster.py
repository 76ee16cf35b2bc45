"""The Dask engine: futures on a cluster of this machine's cores, or on one that is running already.

Dask's scheduler and nannies do the distribution and restart processes that die; here jobs are handed to them a few at a
time and what becomes of each is told in the words of all engines.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from validator.engine.lane import attempt
from validator.engine.marker import Marker
from validator.engine.options import ClusterError, Options, worker_memory
from validator.engine.outcome import Died, Failed, Outcome
from validator.engine.progress import Progress
from validator.engine.shard import Job, ShardDone
from validator.engine.worker_process import prepare
from validator.findings import count

CONNECT_SECONDS = 20
_COUNT_EVERY = 5.0
"""Seconds."""
_AHEAD = 2
"""Jobs given to the scheduler per worker: the next one waits there while one is being worked on."""


class Cluster:
    """Raises ClusterError where the cluster cannot be used."""

    def __init__(self, options: Options, workers: int, running: Path, progress: Progress) -> None:
        import dask
        import dask.distributed

        distributed: Any = dask.distributed
        self._client: Any = None
        self._local: Any = None
        self._futures: dict[Any, Job] = {}
        self._settings = ExitStack()
        config: Any = dask.config
        self._settings.enter_context(config.set(_CONFIG))
        try:
            if options.scheduler is None:
                self._local = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",  # any port that is free
                    memory_limit=worker_memory(options, workers),
                    local_directory=str(running),
                    silence_logs=logging.CRITICAL,
                )
                self._client = distributed.Client(self._local)
            else:
                self._client = distributed.Client(options.scheduler, timeout=CONNECT_SECONDS)
                self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            where = f"--scheduler: {options.scheduler}" if options.scheduler else "a cluster on this machine"
            raise ClusterError(f"{where} cannot be used: {error}") from None
        self._count_workers()
        self.name = f"dask, {count(max(self._workers, workers), 'worker')}"
        if find_spec("bokeh"):  # which Dask's dashboard needs
            progress.note(f"Dask's dashboard: {self._client.dashboard_link}")

    def _count_workers(self) -> None:
        """Workers come and go: a cluster of a queueing system grows while it works."""
        self._workers = max(len(self._client.scheduler_info(n_workers=-1)["workers"]), 1)
        self._counted = time.monotonic()
        self.capacity = _AHEAD * self._workers

    def submit(self, job: Job) -> None:
        """Begin a job."""
        future = self._client.submit(_work, job, key=f"shard-{job.ordinal}-{job.attempt}-{id(job)}", pure=False)
        self._futures[future] = job

    def wait(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """Outcomes that arrive within some seconds."""
        import dask.distributed

        distributed: Any = dask.distributed
        if time.monotonic() - self._counted > _COUNT_EVERY:
            self._count_workers()
        try:
            ready = distributed.wait(list(self._futures), timeout=seconds, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        return [(self._futures.pop(future), _outcome(future)) for future in list(ready)]

    def close(self) -> None:
        """End the client, and the cluster if it is ours."""
        for part in (self._client, self._local):
            if part is not None:
                part.close(timeout=5)
        self._settings.close()


_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # a death is ours to judge
    "distributed.scheduler.worker-saturation": 1.0,  # one job at a time: a process dies of its own job
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1"},
    "distributed.comm.timeouts.connect": "30s",
}


def _outcome(future: Any) -> Outcome:
    if future.status == "finished":
        result: ShardDone | Failed = future.result()
        return result
    try:
        error = future.exception()
    except Exception as other:  # cancelled, or lost with its scheduler
        error = other
    if type(error).__name__ == "KilledWorker":
        return Died(None, "its worker process was killed")
    return Failed(f"{type(error).__name__}: {error}", fatal=True)


_markers: dict[Path, Marker] = {}
_one_at_a_time = threading.Lock()


def _work(job: Job) -> ShardDone | Failed:
    """Runs in a worker. Its marker is made once per run; a worker with several threads takes one job at a time."""
    with _one_at_a_time:
        marker = _markers.get(job.folder)
        if marker is None:
            prepare()
            marker = _markers[job.folder] = Marker(job.folder)
        return attempt(job, marker)
