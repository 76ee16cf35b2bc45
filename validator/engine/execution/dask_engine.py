"""The Dask engine: futures on a cluster of this machine's cores, or on one that is running already.

Dask's scheduler and nannies do the distribution and restart processes that die; here jobs are handed to them a few at a
time and what becomes of each is told in the words of all engines. A worker that is another program, or has other
libraries, would judge otherwise: each is asked before it gets a row, and asks itself before it looks at one.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count as counter
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from validator.children import without_main
from validator.engine.execution.marker import Marker
from validator.engine.execution.outcome import Died, Failed, Outcome
from validator.engine.execution.progress import Progress
from validator.engine.execution.serial import attempt
from validator.engine.execution.shard import ShardDone, ShardJob
from validator.engine.execution.worker_process import prepare
from validator.engine.program import differences, here, program
from validator.errors import ClusterError
from validator.execution import Execution, worker_memory
from validator.findings import count

CONNECT_SECONDS = 20
_COUNT_EVERY = 5.0
"""Seconds."""
_AHEAD = 2
"""Jobs given to the scheduler per worker: the next one waits there while one is being worked on."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A worker that is another program, and what it says of itself."""

    address: str
    said: dict[str, str]


class DaskEngine:
    """Raises ClusterError where the cluster cannot be used, OSError where all of its workers are other programs."""

    def __init__(self, execution: Execution, workers: int, running: Path, progress: Progress) -> None:
        import dask
        import dask.distributed

        distributed: Any = dask.distributed
        self._client: Any = None
        self._local: Any = None
        self._futures: dict[Any, ShardJob] = {}
        self._progress, self._exact = progress, execution.witness is not None
        self._refused: dict[str, str] = {}
        self._met: set[str] = set()
        self._numbers = counter()
        self._settings = ExitStack()
        config: Any = dask.config
        self._settings.enter_context(config.set(_CONFIG))
        try:
            if execution.scheduler is None:
                self._settings.enter_context(without_main())  # till it closes: a worker that died is started again
                with _interrupts_held():
                    self._local = distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        host="127.0.0.1",
                        dashboard_address="127.0.0.1:0",  # any port that is free
                        memory_limit=worker_memory(execution, workers),
                        local_directory=str(running),
                        silence_logs=logging.CRITICAL,
                    )
                self._client = distributed.Client(self._local)
            else:
                self._client = distributed.Client(execution.scheduler, timeout=CONNECT_SECONDS)
                self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except (OSError, RuntimeError, TimeoutError, ValueError) as error:
            self.close()
            where = f"--scheduler: {execution.scheduler}" if execution.scheduler else "a cluster on this machine"
            raise ClusterError(f"{where} cannot be used: {error}") from None
        try:
            self._meet_workers()
        except BaseException:
            self.close()
            raise
        self.name = f"dask, {count(len(self._met) if self._refused else max(len(self._met), workers), 'worker')}"
        if find_spec("bokeh"):  # which Dask's dashboard needs
            progress.note(f"Dask's dashboard: {self._client.dashboard_link}")

    def _meet_workers(self) -> None:
        """Workers come and go: a cluster of a queueing system grows while it works. Ask those that are new what they
        are. Raises OSError where none is left that may judge.
        """
        there = set(self._client.scheduler_info(n_workers=-1)["workers"])
        self._met &= there
        new = sorted(there - self._met - self._refused.keys())
        for address, said in _ask(self._client, new, exact=self._exact).items() if new else ():
            if isinstance(said, OSError):
                continue  # gone already
            if isinstance(said, dict) and not differences(said, exact=self._exact):
                self._met.add(address)
            else:
                self._refuse(address, said)
        if not self._met and self._refused.keys() & there:
            raise OSError("no worker is left that may judge: " + "; ".join(list(self._refused.values())[:3]))
        self._counted = time.monotonic()
        self.capacity = _AHEAD * max(len(self._met), 1)

    def _refuse(self, address: str, said: Any) -> None:
        if isinstance(said, dict):
            named, why = f"{address} on {said['host']}", "; ".join(differences(said, exact=self._exact))
        else:
            named, why = address, f"it cannot say which it is: {type(said).__name__}: {said}"
        self._met.discard(address)
        self._refused[address] = f"the worker {named} is another program than this and gets no rows: {why}"
        self._progress.note(self._refused[address])

    def submit(self, job: ShardJob) -> None:
        """Begin a job."""
        chosen = {"workers": sorted(self._met), "allow_other_workers": True} if self._refused else {}
        key = f"shard-{job.ordinal}-{job.attempt}-{next(self._numbers)}"
        self._futures[self._client.submit(_work, job, key=key, pure=False, **chosen)] = job

    def wait(self, seconds: float) -> list[tuple[ShardJob, Outcome]]:
        """Outcomes that arrive within some seconds. Raises OSError where no worker is left that may judge."""
        import dask.distributed

        distributed: Any = dask.distributed
        if time.monotonic() - self._counted > _COUNT_EVERY:
            self._meet_workers()
        try:
            ready = distributed.wait(list(self._futures), timeout=seconds, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        ended = [(self._futures.pop(future), _outcome(future)) for future in list(ready)]
        return [(job, outcome) for job, outcome in ended if not self._sent_again(job, outcome)]  # type: ignore[misc]

    def _sent_again(self, job: ShardJob, outcome: Outcome | Stranger) -> bool:
        """Whether a job was refused by a worker, or not even understood, that nobody had asked yet, and waits again."""
        refused = len(self._refused)
        if isinstance(outcome, Stranger):
            if outcome.address not in self._refused:
                self._refuse(outcome.address, outcome.said)
        elif not (isinstance(outcome, Failed) and outcome.fatal):
            return False
        self._meet_workers()
        if not isinstance(outcome, Stranger) and len(self._refused) == refused:
            return False
        self.submit(job)
        return True

    def close(self) -> None:
        """End the client, and the cluster if it is ours."""
        for part in (self._client, self._local):
            if part is not None:
                part.close(timeout=5)
        self._settings.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Threads and processes that begin meanwhile, and those that they begin, never get Ctrl-C, which a terminal sends
    to all of them: workers would each print a traceback, and it is for the command to end them. It gets its own later.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # where it begins later it lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # a death is ours to judge
    "distributed.scheduler.worker-saturation": 1.0,  # one job at a time: a process dies of its own job
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1"},
    "distributed.comm.timeouts.connect": "30s",
}


def _outcome(future: Any) -> Outcome | Stranger:
    if future.status == "finished":
        result: ShardDone | Failed | Stranger = future.result()
        return result
    try:
        error = future.exception()
    except Exception as other:  # cancelled, or lost with its scheduler
        error = other
    if type(error).__name__ == "KilledWorker":
        return Died(None, "its worker process was killed")
    return Failed(f"{type(error).__name__}: {error}", fatal=True)


def _ask(client: Any, addresses: list[str], *, exact: bool) -> dict[str, Any]:
    """What workers say that they are, or what stands in the way. Source text travels, which any version understands."""
    text = f"__import__('validator.engine.program', fromlist=['here']).here(exact={exact})"
    answers: dict[str, Any] = client.run(eval, text, workers=addresses, on_error="return")
    return answers


_markers: dict[Path, Marker] = {}
_one_at_a_time = threading.Lock()


def _work(job: ShardJob) -> ShardDone | Failed | Stranger:
    """Runs in a worker, which compares itself with the program that asks before it looks at a row. Its marker is made
    once per run; a worker with several threads takes one job at a time.
    """
    if program(exact=job.settings.exact) != job.made_by[0]:
        from distributed import get_worker

        return Stranger(get_worker().address, here(exact=job.settings.exact))
    with _one_at_a_time:
        marker = _markers.get(job.folder)
        if marker is None:
            prepare()
            marker = _markers[job.folder] = Marker(job.folder)
        return attempt(job, marker)
