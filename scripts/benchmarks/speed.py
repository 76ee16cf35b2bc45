"""Speed of one process: against the floor, against the trainer, against cleanvision."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.benchmarks import cleanvision, trainer
from scripts.benchmarks.command import check, run_folder, serial
from scripts.benchmarks.data import FORMATS, make
from scripts.benchmarks.floor import FIRST, FLOOR_COMMAND, FLOOR_ENVIRONMENT
from scripts.benchmarks.process import Cost, cost_of
from scripts.benchmarks.scale import SLOW_TURNS, Scale
from scripts.benchmarks.steady import Side, Steady, measure, ratio
from scripts.benchmarks.table import Line

FLOOR = 1.25
TRAINER = {"fast": 60, "header": 300}
CLEANVISION = 60


def ours(kind: str, depth: str, rows: int, pool: int) -> Side:
    """The command on rows of a kind, in one process."""

    def run(number: int) -> Cost:
        return check(make(kind, number, pool), "--integrity", depth, *serial())

    return Side(rows, run)


def against_floor(scale: Scale) -> Iterator[Line]:
    """`fast` beside the bare loop, on each format, on the mix, and on text alone."""
    for kind in (*FORMATS, "mix", "text"):
        rows = scale.rows[kind]

        def bare(number: int, *arguments: str, kind: str = kind) -> Cost:
            registry = make(kind, number, scale.pool)
            return cost_of((*FLOOR_COMMAND, str(registry), *arguments), environment=FLOOR_ENVIRONMENT)

        sides = {"fast": ours(kind, "fast", rows, scale.pool), "floor": Side(rows, bare)}
        if kind == "jpeg":
            sides["first"] = Side(rows, lambda number, bare=bare: bare(number, FIRST))
        found = measure(sides, scale.repeats)
        times = ratio(found["fast"].each, found["floor"].each)
        asked = kind != "text"
        yield Line(
            f"`fast` against the floor, {kind}",
            f"<= {FLOOR}x" if asked else "reported",
            f"{times:.2f}x ({_cost(found['fast'])} against {_cost(found['floor'])} a row)",
            times <= FLOOR if asked else None,
        )
        if kind == "jpeg":
            times = ratio(found["fast"].each, found["first"].each)
            yield Line(
                "the same, the floor's check as it was when the number was set",
                "reported",
                f"{times:.2f}x ({_cost(found['first'])} a row)",
                None,
            )


def against_trainer(scale: Scale) -> Iterator[Line]:
    """`fast` and `header` beside the trainer's preprocessing of the same rows."""
    trainer.need_trainer()
    for kind in FORMATS:
        few = scale.trainer_rows
        _check_lengths(kind, few)
        sides = {"trainer": Side(few, lambda number, kind=kind, few=few: trainer.preprocess(make(kind, number, few)))}
        for depth in TRAINER:  # the same images, each at many paths
            sides[depth] = ours(kind, depth, max(scale.rows[kind if depth == "fast" else "jpeg"], few), few)
        found = measure(sides, min(scale.repeats, SLOW_TURNS))
        for depth, least in TRAINER.items():
            times = ratio(found["trainer"].each, found[depth].each)
            asked = kind == "jpeg"
            yield Line(
                f"`{depth}` against LLaMA-Factory, {kind}, lengths equal",
                f"{least}x" if asked else "reported",
                f"{times:.0f}x ({_cost(found['trainer'])} against {_cost(found[depth])} a row)",
                times >= least if asked else None,
            )


def _check_lengths(kind: str, rows: int) -> None:
    registry = make(kind, rows, rows)
    with run_folder() as folder:
        check(registry, *serial(), folder=folder)
        mine = trainer.our_lengths(folder)
    theirs = json.loads(trainer.preprocess(registry).output)
    if mine != theirs:
        place = next((i for i, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]), len(theirs))
        raise ValueError(f"lengths differ from the trainer's, first in row {place} of {len(mine)} and {len(theirs)}")


def against_cleanvision(scale: Scale) -> Iterator[Line]:
    """`fast` beside cleanvision on the same JPEG images."""
    cleanvision.need_cleanvision()
    few = scale.trainer_rows
    sides = {
        "cleanvision": Side(few, lambda number: cleanvision.find_issues(make("jpeg", number, few))),
        "fast": ours("jpeg", "fast", max(scale.rows["jpeg"], few), few),
    }
    found = measure(sides, min(scale.repeats, SLOW_TURNS))
    times = ratio(found["cleanvision"].each, found["fast"].each)
    costs = f"{_cost(found['cleanvision'])} against {_cost(found['fast'])} an image"
    yield Line("`fast` against cleanvision, jpeg", f"{CLEANVISION}x", f"{times:.0f}x ({costs})", times >= CLEANVISION)


def _cost(steady: Steady) -> str:
    return f"{steady.processor:.3g} ms (clock {steady.wall:.3g})"
