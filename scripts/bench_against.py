"""Two checkouts timed in turns: whether a change makes anything slower.

    .venv/bin/python -m scripts.bench_against OTHER_CHECKOUT [NAME]... [--quick] [--turns N]

Prints, for each measure, the median ratio of processor time in user mode: this checkout's over the other's, and the
smallest and largest of the turns. `text` is rows of text, `jpeg` rows with an image under `--integrity fast`, `mix`
none to six images of all formats, `plan` nine pairs of limits on a finished run, `entries` and `folder` many files of
three rows, each an entry, or all in the folder of one. Start-up is within; the data is that
of scripts.bench. `git worktree add OTHER_CHECKOUT COMMIT` makes the other.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks.data import ROOT, make
from scripts.benchmarks.scale import FULL, QUICK, Scale
from scripts.benchmarks.small_files import KINDS, make_small_files

ENDED = (0, 1)
PLANNED = ("--cutoff-len", "512,2048,8192", "--image-max-pixels", "65536,262144,1048576")
Measure = Callable[[Path, Path, Scale], float]
"""Seconds of a checkout, which is given a scratch folder."""


def command(checkout: Path, *arguments: object) -> float:
    """Seconds of processor time in user mode that a command of a checkout takes. Raises ValueError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    line = [sys.executable, "-m", "validator.cli.main", *map(str, arguments)]
    done = subprocess.run(line, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode not in ENDED:
        raise ValueError(f"{checkout}: exit code {done.returncode}: {done.stderr.strip()[-200:]}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def check(kind: str) -> Measure:
    """A check in one process."""

    def seconds(checkout: Path, scratch: Path, scale: Scale) -> float:
        registry = make(kind, scale.rows[kind], scale.pool)
        return command(checkout, "check", registry, "-q", "--workers", 0, "--run-dir", scratch)

    return seconds


def plan(checkout: Path, scratch: Path, scale: Scale) -> float:
    """Plans on a finished run of the checkout's own."""
    command(checkout, "check", make("mix", scale.rows["mix"], scale.pool), "-q", "--run-dir", scratch)
    return command(checkout, "plan", scratch, *PLANNED)


def small_files(kind: str) -> Measure:
    """A check of many small files in one process."""

    def seconds(checkout: Path, scratch: Path, scale: Scale) -> float:
        registry = make_small_files(kind, scale.small_files)
        return command(checkout, "check", registry, "-q", "--workers", 0, "--run-dir", scratch)

    return seconds


MEASURES: dict[str, Measure] = {
    **{kind: check(kind) for kind in ("text", "jpeg", "mix")},
    "plan": plan,
    **{kind: small_files(kind) for kind in KINDS},
}


def ratios(name: str, other: Path, scale: Scale, turns: int) -> list[float]:
    """This checkout's time over the other's, once a turn; who begins alternates."""
    found = []
    for turn in range(turns):
        seconds = {}
        for checkout in (ROOT, other) if turn % 2 else (other, ROOT):
            with tempfile.TemporaryDirectory() as scratch:
                seconds[checkout] = MEASURES[name](checkout, Path(scratch) / "run", scale)
        found.append(seconds[ROOT] / seconds[other])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="few rows")
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_intermixed_args()
    for name in given.names or MEASURES:
        found = ratios(name, given.other.resolve(), QUICK if given.quick else FULL, given.turns)
        print(f"{name:8} {statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})", flush=True)


if __name__ == "__main__":
    main()
