"""The serial engine: one process that checks, watched by the one that asked. Whatever ends the first costs its row."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from contextlib import nullcontext
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from validator.children import begin_child, resident, signal_name, without_main
from validator.engine.execution.marker import Marker
from validator.engine.execution.outcome import Died, Failed, Outcome
from validator.engine.execution.shard import ShardDone, ShardJob, StrangerError, check_shard
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
        self._context: BaseContext = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._process: Any = None
        self._connection: Connection | None = None
        self._job: ShardJob | None = None
        self._too_large = False

    def submit(self, job: ShardJob) -> None:
        """Begin a job. The one before must have ended."""
        assert self._job is None
        if self._process is None:
            self._connection, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, self._folder, os.getpid()), daemon=True)  # type: ignore[attr-defined]
            with without_main() if self._context.get_start_method() == "spawn" else nullcontext():
                process.start()
            self._process = process
            theirs.close()
        assert self._connection is not None
        self._job, self._too_large = job, False
        self._connection.send(job)

    def wait(self, seconds: float) -> list[tuple[ShardJob, Outcome]]:
        """Outcomes that arrive within some seconds; at most one."""
        assert self._connection is not None and self._job is not None
        until = time.monotonic() + seconds
        while True:
            ready = wait([self._connection, self._process.sentinel], min(_LOOK, max(until - time.monotonic(), 0)))
            if self._connection in ready:
                try:
                    return [self._ended(self._connection.recv())]
                except EOFError:  # it died without a word
                    self._process.join()
                    return [self._ended(self._death())]
            if ready:
                return [self._ended(self._death())]
            self._watch_memory()
            if time.monotonic() >= until:
                return []

    def _ended(self, outcome: Outcome) -> tuple[ShardJob, Outcome]:
        job, self._job = self._job, None
        assert job is not None
        return job, outcome

    def _death(self) -> Outcome:
        pid, code = self._process.pid, self._process.exitcode
        self.close()
        if self._too_large:
            reason = f"its process needed more than {self._memory_limit >> 20:,} MiB"
        elif code is not None and code < 0:
            reason = f"its process was ended by {signal_name(-code)}"
        else:
            reason = f"its process ended with code {code}"
        return Died(pid, reason)

    def _watch_memory(self) -> None:
        if resident(self._process.pid) > self._memory_limit:
            self._too_large = True
            self._process.kill()

    def close(self) -> None:
        """End the child process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _serve(connection: Connection, folder: Path, parent: int) -> None:
    begin_child(parent)
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
        return check_shard(job, marker)
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
