"""Runs a process and tells what it cost."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.data import ROOT

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]))),
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and seconds of processor time of the process and all that it waited for."""

    wall: float
    processor: float
    output: str


class CommandError(Exception):
    """A process ended otherwise than it should."""


def cost_of(
    command: Sequence[str],
    *,
    accepted: Sequence[int] = (0,),
    environment: Mapping[str, str] = ENVIRONMENT,
    folder: Path = ROOT,
    watch: Callable[[int], None] | None = None,
) -> Cost:
    """Run a command to its end, in a folder; `watch` is called with its pid about five times a second.

    Raises CommandError where its exit code is not accepted.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder, env={**os.environ, **environment})
        try:
            while watch is not None and not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                watch(process.pid)
                time.sleep(0.2)
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        if process.returncode not in accepted:
            last = next((line for line in reversed(texts[1].splitlines()) if line.strip()), "it said nothing")
            raise CommandError(f"exit code {process.returncode}: {last.strip()[:200]}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, texts[0])


class PeakMemory:
    """The largest resident memory, in bytes, that a process and any single one of its descendants were seen to have."""

    def __init__(self) -> None:
        self.own = self.descendant = 0

    def watch(self, pid: int) -> None:
        """Look at all: Linux keeps the high-water mark of each process, so looking seldom is enough."""
        self.own = max(self.own, _high_water(pid))
        self.descendant = max([self.descendant, *map(_high_water, _descendants(pid))])


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for path in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                children = [int(word) for word in path.read_text().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found
