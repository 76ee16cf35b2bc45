"""Has a plan carried out: the first shard of each entry to learn its speed, then the rest, by a fitting engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from validator.engine.execution.marker import Marker, rows_marked
from validator.engine.execution.outcome import Failed
from validator.engine.execution.progress import Progress
from validator.engine.execution.run_plan import RunPlan
from validator.engine.execution.serial import SerialEngine, attempt
from validator.engine.execution.shard_plan import Shard
from validator.engine.execution.supervise import Engine, carry_out
from validator.execution import Execution, cores, worker_memory

CLUSTER_PAYS = 30.0
"""Seconds of work on one core above which a cluster of processes is started unasked."""
NOTHING = "no changes; cached results used"


def check(plan: RunPlan, running: Path, execution: Execution, progress: Progress) -> str:
    """Bring every shard of a plan to its end; says by what. Raises OSError where a result cannot be written."""
    with ExitStack() as stack:
        serial = SerialEngine(running, worker_memory(execution, 1))
        stack.callback(serial.close)
        engine: Engine = serial
        used = NOTHING

        def carried_out(shards: list[Shard], seconds: float) -> str:
            nonlocal engine
            if engine is serial:
                engine = engine_for(seconds, execution, serial, running, stack, progress)
            progress.checking(rows_marked(running) + plan.rows_left, engine.name)
            carry_out(shards, engine, running, progress, plan.divide)
            return engine.name

        progress.checking(rows_marked(running) + plan.rows_left, serial.name)
        if pilots := plan.waiting_pilots():
            used = carried_out(pilots, 0.0)
        plan.complete()
        _in_this_process([shard for shard in plan.shards if _is_bound(shard) and not shard.done], running)
        rest, seconds = plan.waiting()
        if rest:
            used = carried_out(rest, seconds)
    return used


def carry_out_all(shards: Sequence[Shard], running: Path, execution: Execution, progress: Progress) -> str:
    """Bring shards to their end whose results nobody has measured: in one process, unless workers are asked for."""
    with ExitStack() as stack:
        serial = SerialEngine(running, worker_memory(execution, 1))
        stack.callback(serial.close)
        engine = engine_for(0.0, execution, serial, running, stack, progress)
        progress.checking(sum(shard.job.rows for shard in shards), engine.name)
        carry_out(shards, engine, running, progress, _divide_stored)
    return engine.name


def _divide_stored(shard: Shard, at: int | None) -> list[Shard]:
    span = shard.job.parts[0].span
    raise OSError(f"a process died twice while rows {span.first} to {span.stop} were judged")


def engine_for(
    seconds: float, execution: Execution, serial: SerialEngine, running: Path, stack: ExitStack, progress: Progress
) -> Engine:
    """The engine for some seconds of work: `serial`, or, as the execution says or where it pays, a cluster that `stack`
    ends.
    """
    workers = execution.workers
    if workers is None and execution.scheduler is None:
        workers = cores() if seconds > CLUSTER_PAYS and cores() > 1 else 0
    if workers == 0:
        return serial
    serial.close()
    from validator.engine.execution.dask_engine import DaskEngine

    cluster: Engine = DaskEngine(execution, workers or 0, running, progress)
    stack.callback(cluster.close)
    progress.note(f"checking with {cluster.name}")
    return cluster


def _is_bound(shard: Shard) -> bool:
    """Data that is no file cannot be given to another process."""
    survey = shard.job.parts[0].file.survey
    return survey is not None and survey.tables is not None


def _in_this_process(shards: Sequence[Shard], running: Path) -> None:
    marker = Marker(running, watched=False) if shards else None
    for shard in shards:
        assert marker is not None
        outcome = attempt(shard.job, marker)
        if isinstance(outcome, Failed):
            raise outcome.error
        shard.done = True
