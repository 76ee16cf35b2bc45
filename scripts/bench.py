"""Every number that is promised, measured: a table on stdout, and docs/benchmarks.md after a full run.

    .venv/bin/python -m scripts.bench [--quick] [--only NAME]... [--profile]

`--only growth` alone writes its own section of that page.

Makes its data and environments in .bench (first time: some minutes and a few GB). `--quick` is for trying the script:
its numbers mean little. `--profile` prints where the time of a row goes, and measures nothing else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator

from scripts.benchmarks import speed, whole
from scripts.benchmarks.command import NotBuiltError
from scripts.benchmarks.coordinates import coordinates
from scripts.benchmarks.data import ROOT
from scripts.benchmarks.growth import growth, growth_section
from scripts.benchmarks.process import CommandError
from scripts.benchmarks.scale import FULL, QUICK, Scale
from scripts.benchmarks.stages import profile
from scripts.benchmarks.table import Line, as_text, machine, page, with_section

MEASURES: dict[str, Callable[[Scale], Iterator[Line]]] = {
    "floor": speed.against_floor,
    "trainer": speed.against_trainer,
    "cleanvision": speed.against_cleanvision,
    "workers": whole.two_workers,
    "pool": whole.plain_pool,
    "memory": whole.memory,
    "rerun": whole.rerun,
    "start": whole.start,
    "million": whole.many,
    "growth": growth,
    "coordinates": coordinates,
}
PAGE = ROOT / "docs" / "benchmarks.md"


def lines_of(name: str, scale: Scale) -> Iterator[Line]:
    """The lines of one measure; what cannot be measured is a line that says why."""
    measure = MEASURES[name]
    try:
        yield from measure(scale)
    except NotBuiltError as error:
        yield Line((measure.__doc__ or name).strip(), "", f"not built yet: {error}")
    except (CommandError, OSError, ValueError, subprocess.SubprocessError) as error:
        yield Line((measure.__doc__ or name).strip(), "", f"failed: {error}", False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little of everything")
    parser.add_argument(
        "--only", action="append", choices=MEASURES, default=[], metavar="NAME", help=", ".join(MEASURES)
    )
    parser.add_argument("--profile", action="store_true", help="where the time of a row goes, by stage")
    asked = parser.parse_args()
    scale = QUICK if asked.quick else FULL
    print(machine(), flush=True)
    lines = []
    if not asked.profile:
        for name in asked.only or MEASURES:
            for line in lines_of(name, scale):
                print(as_text(line), flush=True)
                lines.append(line)
    if asked.only == ["growth"]:
        section = growth_section(lines)
        print(f"\n{section}")
        if not asked.quick:
            PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")
            print(f"written: {PAGE.relative_to(ROOT)}")
    if asked.only:
        return
    sections = profile(scale)
    print("\n".join(sections))
    if lines and not asked.quick:
        PAGE.write_text(page(lines, sections, "python -m scripts.bench"), encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
