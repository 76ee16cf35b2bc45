"""Whole runs, by the clock: several workers, memory, a second run, a start, a million rows."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmarks.command import check, need, run_folder, serial
from scripts.benchmarks.data import make, rows_file
from scripts.benchmarks.process import Cost, PeakMemory, cost_of
from scripts.benchmarks.scale import SLOW_TURNS, Scale
from scripts.benchmarks.table import Line

WORKERS, POOL, MEMORY, RERUN, START = 1.8, 1.10, 700 << 20, 3.0, 1.0
FLAT = 1.15
"""Peak memory of a hundredfold run at which it counts as flat."""
SHARD_ROWS = ("--shard-rows", "64")
"""For the comparison of schedulers: dozens of shards of a second or less, so that what each costs is seen."""


def two_workers(scale: Scale) -> Iterator[Line]:
    """Two workers beside one, start-up of the scheduler and all else included."""
    need("--workers")
    registry = _long(scale)
    pairs = [[check(registry, "--workers", number).wall for number in ("1", "2")] for _ in range(_turns(scale))]
    times = statistics.median(one / two for one, two in pairs)
    one, two = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    measured = f"{times:.2f}x ({one:.1f} s with one, {two:.1f} s with two)"
    yield Line("2 workers against 1, scheduler included", f">= {WORKERS}x", measured, times >= WORKERS)


def plain_pool(scale: Scale) -> Iterator[Line]:
    """Dask beside a plain process pool that is given the same shards by the same plan."""
    need("--workers", "--shard-rows")
    registry = _long(scale)
    arguments = ("--workers", "2", *SHARD_ROWS)
    pairs = [(check(registry, *arguments).wall, _pool(registry, arguments).wall) for _ in range(_turns(scale))]
    times = statistics.median(dask / pool for dask, pool in pairs)
    dask, pool = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    measured = f"{times:.2f}x ({dask:.1f} s against {pool:.1f} s)"
    yield Line("Dask against a plain process pool, same shards", f"<= {POOL}x", measured, times <= POOL)


def _pool(registry: Path, arguments: tuple[str, ...]) -> Cost:
    with run_folder() as folder:
        command = (sys.executable, "-m", "scripts.benchmarks.pool", str(registry), "-q", "--run-dir", str(folder))
        return cost_of((*command, *arguments), accepted=(0, 1))


def _long(scale: Scale) -> Path:
    """Rows of the mix that keep one process busy for the wanted time."""
    sample = make("mix", scale.rows["mix"], scale.pool)
    few = make("mix", scale.rows["mix"] // 2, scale.pool)
    seconds = (check(sample, *serial()).wall - check(few, *serial()).wall) / (scale.rows["mix"] // 2)
    rows = round(scale.work_seconds / max(seconds, 1e-5) / 500 + 0.5) * 500  # few sizes, so that data are made once
    return make("mix", rows, scale.pool)


def _turns(scale: Scale) -> int:
    return min(scale.repeats, SLOW_TURNS)


def memory(scale: Scale) -> Iterator[Line]:
    """The largest resident memory of a worker, on few and on many rows."""
    need("--workers")
    peaks = []
    for rows in scale.memory_rows:
        seen = PeakMemory()
        check(make("text", rows, scale.pool), "--workers", "2", watch=seen.watch)
        peaks.append(seen)
    few, many = (seen.descendant for seen in peaks)
    client = " and ".join(f"{seen.own >> 20}" for seen in peaks)
    yield Line(
        f"peak memory of a worker, {scale.memory_rows[0]:,} against {scale.memory_rows[1]:,} rows",
        f"flat, under {MEMORY >> 20} MiB",
        f"{few >> 20} MiB, {many >> 20} MiB (the process that asks: {client} MiB)",
        0 < many <= min(MEMORY, FLAT * few),
    )


def rerun(scale: Scale) -> Iterator[Line]:
    """The same command again, in the same run folder."""
    need("--no-resume")
    registry = make("jpeg", scale.rerun_rows, scale.pool)
    with run_folder() as folder:
        first = check(registry, folder=folder).wall
        again = statistics.median(check(registry, folder=folder).wall for _ in range(scale.starts))
    measured = f"{again:.2f} s (the first run {first:.1f} s)"
    yield Line(f"rerun on unchanged data, {scale.rerun_rows:,} rows", f"under {RERUN:g} s", measured, again < RERUN)


def start(scale: Scale) -> Iterator[Line]:
    """Twenty rows, from the start of the process to its exit."""
    registry = make("mix", 20, scale.pool)
    seconds = statistics.median(check(registry).wall for _ in range(scale.starts))
    yield Line("20 rows, cold start to exit", f"under {START:.1f} s", f"{seconds:.2f} s", seconds < START)


def many(scale: Scale) -> Iterator[Line]:
    """Very many rows of text, by the engine that the command chooses itself."""
    registry = make("text", scale.many_rows, scale.pool)
    cost = check(registry)
    megabytes = rows_file(registry).stat().st_size / 1e6
    yield Line(
        f"{scale.many_rows:,} text rows ({megabytes:,.0f} MB)",
        "completes, reported",
        f"{cost.wall:.0f} s: {scale.many_rows / cost.wall:,.0f} rows/s, {megabytes / cost.wall:.1f} MB/s, "
        f"processor {cost.processor:.0f} s; stages below",
        True,
    )
