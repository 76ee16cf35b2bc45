"""Slow storage: this checkout against another, in one run.

    .venv/bin/python -m scripts.bench_storage OTHER_CHECKOUT [NAME]... [--quick]

`http` and `s3` read a store on this machine that answers 20 ms late; waiting is the wall time less that of the same
check on this disk. `mounted` is a folder whose every call takes 2 ms (needs gcc). `memory` counts what a process holds
and what is on its way, by the number of images; `local` is processor time, user and system, on warm local files, the
median ratio of turns; `same` says whether results are the same bytes. `git worktree add OTHER_CHECKOUT COMMIT`
makes the other. The data is made once and kept in .bench.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.benchmarks.data import ROOT, make
from scripts.benchmarks.storage.memory import peaks
from scripts.benchmarks.storage.same import digests
from scripts.benchmarks.storage.scale import FULL, QUICK, Scale
from scripts.benchmarks.storage.sides import Side, scratch
from scripts.benchmarks.storage.table import HEAD, Line
from scripts.benchmarks.storage.waiting import mounted, over_http, over_s3

Sides = tuple[Side, Side]
"""The other checkout and this one."""


def local(sides: Sides, scale: Scale) -> Iterator[Line]:
    """Processor time on local files that are in the page cache; who begins alternates."""
    registry = make("jpeg", scale.local, scale.pool)
    turns = []
    for turn in range(scale.turns + 1):
        found = {}
        for side in sides if turn % 2 else sides[::-1]:
            with scratch() as folder:
                found[side] = side.check(registry, "--workers", "0", folder=folder).processor
        turns.append([found[side] for side in sides])
    del turns[0]  # it warms the cache
    ratios = [this / other for other, this in turns]
    other, this = (statistics.median(column) for column in zip(*turns, strict=True))
    spread = f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    yield Line(f"local, {scale.local:,} JPEG, 1 process, fast: processor", f"{other:.2f} s", f"{this:.2f} s", spread)


MEASURES: dict[str, Callable[[Sides, Scale], Iterator[Line]]] = {
    "http": over_http,
    "s3": over_s3,
    "mounted": mounted,
    "memory": peaks,
    "local": local,
    "same": digests,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="few rows")
    given = parser.parse_intermixed_args()
    sides = Side(given.other.resolve()), Side(ROOT)
    print(HEAD, flush=True)
    for name in given.names or MEASURES:
        for line in MEASURES[name](sides, QUICK if given.quick else FULL):
            print(line, flush=True)


if __name__ == "__main__":
    main()
