"""The lines of the table, and the page that they are written to."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("pillow", "numpy", "pyarrow", "orjson", "tiktoken", "zlib-ng", "dask", "distributed")
HEAD = """# Benchmarks

Made by `python -m scripts.bench`, which draws its own data from a seed: screens with text and pictures like photographs
of about one megapixel, 1 kB of English or Chinese a row.

Costs of one process are processor time (user and system, all threads), which neighbours on the machine disturb little;
the clock's time stands behind them. They are steady: the time of half the rows is taken from the time of all, so
start-up falls out. Sides take turns, ratios are taken within a turn, and the median is given.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `reached` is None where nothing is asked, or nothing could be measured."""

    what: str
    at_least: str
    measured: str
    reached: bool | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.at_least, self.measured, {None: "-", True: "yes", False: "no"}[self.reached]


TITLES = ("what", "at least", "measured", "reached")


def as_text(line: Line) -> str:
    what, at_least, measured, reached = line.cells
    return f"{what:58} {at_least:18} {reached:4} {measured}"


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def page(lines: Sequence[Line], sections: Sequence[str], command: str) -> str:
    """The content of docs/benchmarks.md."""
    table = markdown_table([TITLES, ["---"] * len(TITLES), *(line.cells for line in lines)])
    return "\n".join([HEAD, f"Machine: {machine()}. Command: `{command}`.\n", table, *sections])


def with_section(text: str, section: str) -> str:
    """A page with a section in the place of the one that has its heading, or at its end."""
    heading, end = section.partition("\n")[0], text.rstrip() + "\n\n"
    begin = text.find(f"{heading}\n")
    if begin < 0:
        return end + section
    stop = text.find("\n## ", begin)
    return text[:begin] + section + (text[stop:] if stop >= 0 else "")


def machine() -> str:
    """The machine in general terms, and the versions that matter."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0))
    gigabytes = round(int(memory.split()[1]) / (1 << 20))
    return f"{cores} cores ({platform.machine()}), {gigabytes} GiB; Python {platform.python_version()}, {packages}"
