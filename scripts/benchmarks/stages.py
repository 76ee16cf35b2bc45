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
from scripts.benchmarks.scale import Scale
from scripts.benchmarks.table import markdown_table

FLOORS = {"parse": ("parse",), "encode": ("encode",), "media": ("read", "image check")}
KINDS = ("text", "jpeg", "mix")
FUNCTIONS = 12


def profile(scale: Scale) -> list[str]:
    """Sections of the page: a table of stages for every kind of rows, and the costliest functions."""
    sections = ["## Where a row's time goes\n"]
    for kind in KINDS:
        rows = scale.rows[kind]
        registry = make(kind, rows, scale.pool)
        seconds, samples = _sampled(registry)
        command = (*FLOOR_COMMAND, str(registry), "--parts")
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
    one = seconds / samples.total() / rows * 1e6  # microseconds a row that one sample stands for
    stages: Counter[str] = Counter()
    for (stage, _), number in samples.items():
        stages[stage] += number
    lines = [("stage", "µs a row", "share", "floor, µs"), ("---", "--:", "--:", "--:")]
    for stage, number in stages.most_common():
        floor = sum(floors[part] for part in FLOORS[stage]) * 1000 if stage in FLOORS else 0.0
        lines.append((stage, f"{number * one:.1f}", f"{number / samples.total():.0%}", f"{floor:.1f}" if floor else ""))
    lines.append(("all", f"{samples.total() * one:.1f}", "100%", f"{sum(floors.values()) * 1000:.1f}"))
    busiest = [f"- {number * one:.1f} µs `{function}`" for (_, function), number in samples.most_common(FUNCTIONS)]
    head = f"### {kind}: {rows:,} rows, one process\n\n"
    return (
        head
        + markdown_table(lines)
        + "\nCostliest functions, with the native code that they call:\n\n"
        + "\n".join(busiest)
        + "\n"
    )
