"""Where a row's time goes, stage by stage, and what the floor of each stage is."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from scripts.benchmarks.command import ENDED, run_folder, serial
from scripts.benchmarks.data import make
from scripts.benchmarks.floor import FLOOR_COMMAND, FLOOR_ENVIRONMENT
from scripts.benchmarks.process import cost_of
from scripts.benchmarks.sampler import START_UP
from scripts.benchmarks.scale import Scale
from scripts.benchmarks.table import markdown_table

FLOORS = {"parse": ("parse",), "encode": ("encode",), "media": ("read", "image check")}
KINDS = ("text", "jpeg", "mix")
FUNCTIONS = 12


def profile(scale: Scale) -> list[str]:
    """Sections of the page: a table of stages for every kind of rows, and the costliest functions."""
    sections = ["## Where a row's time goes\n"]
    for kind in KINDS:
        rows = scale.many_rows if kind == "text" else scale.rows[kind]
        seconds, samples = _sampled(make(kind, rows, scale.pool))
        command = (*FLOOR_COMMAND, str(make(kind, scale.rows[kind], scale.pool)), "--parts")
        floors = json.loads(cost_of(command, environment=FLOOR_ENVIRONMENT).output)
        sections.append(_section(kind, rows, seconds, samples, floors))
    return sections


def _sampled(registry: Path) -> tuple[float, Counter[tuple[str, str]]]:
    """Processor seconds of a run, and how often it was seen in which stage and function."""
    with run_folder() as folder:
        notes = folder / "samples.txt"
        arguments = (str(registry), "-q", "--run-dir", str(folder / "run"), *serial())
        cost = cost_of((sys.executable, "-m", "scripts.benchmarks.sampler", str(notes), *arguments), accepted=ENDED)
        lines = notes.read_text().splitlines()
    return cost.processor, Counter((stage, function) for stage, _, function in (line.partition("\t") for line in lines))


def _section(kind: str, rows: int, seconds: float, samples: Counter[tuple[str, str]], floors: dict[str, float]) -> str:
    one = seconds / samples.total()  # what a sample stands for
    begun = sum(number for (stage, _), number in samples.items() if stage == START_UP)
    working = Counter({where: number for where, number in samples.items() if where[0] != START_UP})
    stages: Counter[str] = Counter()
    for (stage, _), number in working.items():
        stages[stage] += number

    def cost(number: int) -> str:
        return f"{number * one / rows * 1e6:.1f}"

    lines = [("stage", "µs a row", "share", "floor, µs"), ("---", "--:", "--:", "--:")]
    for stage, number in stages.most_common():
        floor = f"{sum(floors[part] for part in FLOORS[stage]) * 1000:.1f}" if stage in FLOORS else ""
        lines.append((stage, cost(number), f"{number / working.total():.0%}", floor))
    lines.append(("all", cost(working.total()), "100%", f"{sum(floors.values()) * 1000:.1f}"))
    busiest = [f"- {cost(number)} µs `{function}`" for (_, function), number in working.most_common(FUNCTIONS)]
    return "\n".join(
        (
            f"### {kind}: {rows:,} rows, one process\n",
            f"Start-up, apart: {begun * one:.2f} s.\n",
            markdown_table(lines),
            "Costliest functions, with the native code that they call:\n",
            *busiest,
            "",
        )
    )
