"""The serial engine: one process that checks, watched by the one that asked. Whatever ends the first costs its row."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection, wait
from pathlib import Path

from validator.catalog.survey import DamagedDataError
from validator.child import Child
from validator.children import resident, signal_name
from validator.engine.execution.marker import Marker
from validator.engine.execution.outcome import Died, Failed, Outcome
from validator.engine.execution.shard import ShardDone, ShardJob, StrangerError
from validator.engine.execution.worker_process import prepare
from validator.errors import ChangedDataError, RuleError, UnusableRunError

_LOOK = 0.2
"""Seconds between looks at the memory of the process."""


class SerialEngine:
    """Runs one job at a time in a child process, which is replaced when it dies."""

    capacity = 1
    name = "one process"

    def __init__(self, folder: Path, memory_limit: int) -> None:
        self._folder, self._memory_limit = folder, memory_limit
        self._child: Child | None = None
        self._job: ShardJob | None = None
        self._too_large = False

    def submit(self, job: ShardJob) -> None:
        """Begin a job. The one before must have ended."""
        assert self._job is None
        if self._child is None:
            self._child = Child.of_function(_serve, self._folder)
        self._job, self._too_large = job, False
        self._child.connection.send(job)

    def wait(self, seconds: float) -> list[tuple[ShardJob, Outcome]]:
        """Outcomes that arrive within some seconds; at most one."""
        child = self._child
        assert child is not None and self._job is not None
        until = time.monotonic() + seconds
        while True:
            ready = wait([child.connection, child.sentinel], min(_LOOK, max(until - time.monotonic(), 0)))
            if child.connection in ready:
                try:
                    return [self._ended(child.connection.recv())]
                except EOFError:  # it died without a word
                    return [self._ended(self._death(child))]
            if ready:
                return [self._ended(self._death(child))]
            if resident(child.pid) > self._memory_limit:
                self._too_large = True
                child.kill()
            if time.monotonic() >= until:
                return []

    def _ended(self, outcome: Outcome) -> tuple[ShardJob, Outcome]:
        job, self._job = self._job, None
        assert job is not None
        return job, outcome

    def _death(self, child: Child) -> Outcome:
        pid, code = child.pid, child.end()
        self._child = None
        if self._too_large:
            reason = f"its process needed more than {self._memory_limit >> 20:,} MiB"
        elif code < 0:
            reason = f"its process was ended by {signal_name(-code)}"
        else:
            reason = f"its process ended with code {code}"
        return Died(pid, reason)

    def close(self) -> None:
        """End the child process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.end()


def _serve(connection: Connection, folder: Path) -> None:
    prepare()
    marker = Marker(folder)
    while True:
        try:
            job: ShardJob = connection.recv()
        except EOFError:
            return
        connection.send(attempt(job, marker))


def attempt(job: ShardJob, marker: Marker) -> ShardDone | Failed:
    """Check a shard; what goes wrong comes back as data."""
    try:
        return job.done_by(marker)
    except DamagedDataError as error:
        marker.end()
        return Failed(str(error), fatal=False, damaged=True)
    except ChangedDataError as error:
        return Failed(str(error), fatal=False)
    except (UnusableRunError, RuleError) as error:
        marker.end()
        return Failed(str(error), fatal=True, kind=type(error))
    except StrangerError as error:
        return Failed(str(error), fatal=True)
    except Exception as error:
        marker.end()
        return Failed(f"{type(error).__name__}: {error}", fatal=True)
