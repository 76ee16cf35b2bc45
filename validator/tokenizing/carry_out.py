"""Has the jobs of a plan carried out by the engine of a check: one watched process, or Dask."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from validator.engine.execution.engines import engine_for
from validator.engine.execution.marker import rows_marked
from validator.engine.execution.outcome import Died, Failed
from validator.engine.execution.serial import SerialEngine
from validator.execution import Execution, worker_memory
from validator.tokenizing.job import TokenizeJob
from validator.tokenizing.progress import TokenizeProgress

ROWS_A_SECOND = 4000
"""About what one process writes: by it a cluster is started or not."""
_LOOK = 0.25
_DEATHS = 2


def carry_out(jobs: Sequence[TokenizeJob], running: Path, execution: Execution, progress: TokenizeProgress) -> None:
    """Bring all jobs to their end. Raises OSError where a result cannot be written or a process dies twice of one, and
    what `TokenizeJob.done_by` raises.
    """
    rows = sum(int(mask.sum()) for job in jobs for mask in job.kept)
    with ExitStack() as stack:
        serial = SerialEngine(running, worker_memory(execution, 1))
        stack.callback(serial.close)
        engine = engine_for(rows / ROWS_A_SECOND, execution, serial, running, stack, progress)
        progress.writing(rows, engine.name)
        waiting, begun = deque(jobs), 0
        while waiting or begun:
            while waiting and begun < engine.capacity:
                engine.submit(waiting.popleft())
                begun += 1
            for job, outcome in engine.wait(_LOOK):
                begun -= 1
                assert isinstance(job, TokenizeJob)
                if isinstance(outcome, Failed):
                    raise outcome.error
                if isinstance(outcome, Died):
                    if job.attempt + 1 == _DEATHS:
                        raise OSError(f"a process died twice over {_named(job)}: {outcome.reason}")
                    waiting.appendleft(replace(job, attempt=job.attempt + 1))
            progress.checked(rows_marked(running), 0, 0)


def _named(job: TokenizeJob) -> str:
    first, last = job.parts[0], job.parts[-1]
    return f"rows {first.span.first} of {os.fspath(first.file.name)} to {last.stop} of {last.file.name}"
