"""Tables with images inside: the cost of a check beside a bare loop over the same table, and its memory.

    .venv/bin/python -m scripts.bench_tables [KIND]... [--rows N] [--group N] [--turns N]

Prints, for each kind of table (parquet, stream, file), the median ratio of processor time, check over loop, of the rows
between a quarter of the table and all of it, so without start-up; the smallest and largest of the turns; and the peak
memory of the largest process of each, in MB, beside the size of the table. A row has one image of some 380 kB;
`--group` are the rows of a row group or a batch.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from scripts.benchmarks.image_tables import KINDS, make_table, table_file
from scripts.benchmarks.process import PeakMemory, cost_of


def loop(registry: Path, kind: str) -> tuple[float, int]:
    """Seconds of processor time and peak bytes of the bare loop."""
    return _cost([sys.executable, "-m", "scripts.benchmarks.image_tables", str(table_file(registry, kind))])


def check(registry: Path, kind: str) -> tuple[float, int]:
    """The same of a check in one process, with the process that watches it."""
    with tempfile.TemporaryDirectory() as scratch:
        line = [sys.executable, "-m", "validator.cli.main", "check", str(registry), "-q", "--workers", "0"]
        return _cost([*line, "--run-dir", f"{scratch}/run"])


def _cost(line: list[str]) -> tuple[float, int]:
    memory = PeakMemory()
    cost = cost_of(line, watch=memory.watch)
    return cost.processor, max(memory.own, memory.descendant)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--group", type=int, default=1500)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_intermixed_args()
    for kind in given.kinds or KINDS:
        few, all_ = (make_table(kind, rows, given.group) for rows in (given.rows // 4, given.rows))
        ratios, peaks = [], {loop: 0, check: 0}
        for _ in range(given.turns):
            more = {}
            for side in (loop, check):
                (less, _), (seconds, peak) = side(few, kind), side(all_, kind)
                more[side] = seconds - less
                peaks[side] = max(peaks[side], peak)
            ratios.append(more[check] / more[loop])
        size = table_file(all_, kind).stat().st_size
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        memory = f"check {peaks[check] >> 20}, loop {peaks[loop] >> 20}, table {size >> 20}"
        print(f"{kind:8} {spread:22} MB: {memory}", flush=True)


if __name__ == "__main__":
    main()
