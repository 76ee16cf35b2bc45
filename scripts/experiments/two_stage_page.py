"""The page of the two-stage experiment: its tables, its plots."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from scripts.experiments.planted import Kind
from scripts.experiments.stage_training import Run
from validator.replaying.verdict import ALARMS

PAGES = Path(__file__).resolve().parents[2] / "docs" / "experiments"
HEALTHY = 320
PLANTED = (
    "literal image pad", "picture cut by the cutoff", "missing picture", "no label within the cutoff",
    "one token 120 times", "random letters", "unknown script", "box tokens in the answer",
)  # fmt: skip


def found_table(owner: dict[int, Kind], static: set[int], replayed: dict[int, str]) -> str:
    accused = {row: verdict for row, verdict in replayed.items() if verdict in ALARMS}
    lines = [
        "| planted | rows | error finding | replay alone | replayed, not accused | not replayed | verdicts |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in PLANTED:
        rows = [row for row, kind in owner.items() if kind.name == name]
        by_replay = [row for row in rows if row not in static and row in accused]
        missed = [row for row in rows if row not in static and row not in accused and row in replayed]
        verdicts = Counter(replayed[row] for row in rows if row in replayed)
        words = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
        in_static = sum(row in static for row in rows)
        left = len(rows) - in_static - len(by_replay) - len(missed)
        lines.append(f"| {name} | {len(rows)} | {in_static} | {len(by_replay)} | {len(missed)} | {left} | {words} |")
    healthy = [row for row in replayed if row not in owner]
    false = [row for row in healthy if row in accused]
    words = ", ".join(f"{number} {verdict}" for verdict, number in Counter(replayed[row] for row in healthy).items())
    in_static = sum(row not in owner for row in static)
    lines.append(
        f"| healthy | {HEALTHY} | {in_static} | {len(false)} | {len(healthy) - len(false)} | "
        f"{HEALTHY - len(healthy)} | {words} |"
    )
    return "\n".join(lines)


def summary(ran: Run) -> str:
    """One row of the table of runs, without its name."""
    finite = [norm for norm in ran.norm if math.isfinite(norm)]
    nan = sum(not math.isfinite(loss) for loss in ran.loss)
    held_out = f"{ran.held_out[-1][1]:.3f}" if ran.held_out else ""
    largest = f"{max(finite):.1f} | {sorted(finite)[len(finite) // 2]:.2f}" if finite else "|"
    moved = f"{ran.moved[-1]:.1%}" if ran.moved else ""
    return f"{len(ran.loss)} | {nan} | {ran.skipped} | {largest} | {moved} | {ran.nonfinite} | {held_out}"


HEAD = (
    "| run | steps | loss NaN | steps left out | largest gradient norm | median | weights moved | "
    "tensors not finite | held-out loss |\n|" + "---|" * 9
)


def plot(runs: list[Run]) -> None:
    """Loss, gradient norm, distance of the weights, held-out loss: one small picture each."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "two_stage", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    curves = {
        "loss": ("loss of the step", lambda ran: (range(1, len(ran.loss) + 1), ran.loss)),
        "norm": ("gradient norm before clipping", lambda ran: (range(1, len(ran.norm) + 1), ran.norm)),
        "moved": ("distance of the weights from stage 1", lambda ran: (range(1, len(ran.moved) + 1), ran.moved)),
        "held_out": ("loss on held-out rows", lambda ran: tuple(zip(*ran.held_out, strict=True)) or ((), ())),
    }
    for name, (title, points) in curves.items():
        figure, axes = pyplot.subplots(figsize=(6.4, 3.2))
        for ran, style in zip(runs, ("k-", "C3-", "C0-", "C2--", "C1:"), strict=True):
            across, up = points(ran)
            axes.plot(across, up, style, label=ran.name, linewidth=1.3)
        axes.set_title(title)
        axes.set_xlabel("step of stage 2")
        if name == "norm":
            axes.set_yscale("log")
        axes.legend(fontsize=7)
        figure.tight_layout()
        figure.savefig(PAGES / f"two_stage_{name}.svg", metadata={"Date": None})
        pyplot.close(figure)


PAGE = """# Two stages of training, with and without the gate

Made by `python -m scripts.experiments.two_stage --steps {steps} --write` (torch {torch}, CPU, fp32). A Qwen2-VL of
1.2 M parameters learns from text for {first_steps} steps (loss {first}); then from {healthy} healthy rows, half of them
with pictures, and {each} rows of each planted kind. Vision tower and projector are frozen, micro-batch 1, accumulation
4, each loss the mean over its labels, clipping at 1: the settings of the origin (LLaMA-Factory issue 7362).

## What is found before the second stage

`mmvalidate` with the replay of the 160 riskiest rows on the first stage's checkpoint, beside 200 controls. Verdicts
include those on rows that have an error finding.

{table}

## What training makes of it

The first run takes the data as they are and ends at {ended}. The second passes over rows that raise, as someone does
who removes them one by one; the third has none of the rows that mmvalidate found. The last two are the third with one
NaN pixel in step {spoiled}, which no file can hold: under an optimizer that leaves out steps whose gradient is not
finite (DeepSpeed from 0.19.3, or from 0.17.1 with `check_grad_overflow`), and under one that does not check.

{lines}

![Loss](two_stage_loss.svg)
![Gradient norm](two_stage_norm.svg)
![Distance of the weights](two_stage_moved.svg)
![Held-out loss](two_stage_held_out.svg)
"""
