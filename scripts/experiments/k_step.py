"""What a few steps of training on accused rows do to the loss on others, through the command, at its 12 seeds.

    python -m scripts.experiments.k_step [--write] [--folder FOLDER]

One row of each of some planted kinds among healthy rows; `mmvalidate replay RUN --k-step` on the trained tiny model.
With `--folder` an interrupted run goes on. `--write` writes docs/experiments/k_step.md with its plot. Needs torch and
matplotlib (`./scripts/replay_env`).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from scripts import synthetic_rows
from scripts.experiments.planted import CUTOFF, KINDS, Kind
from scripts.experiments.remedies import SHORT
from scripts.experiments.replay_confusion import healthy_row
from scripts.replay_jobs import write_dataset
from scripts.tiny_checkpoint import ensure

PAGES = Path(__file__).resolve().parents[2] / "docs" / "experiments"
SEED, HEALTHY, RATE = 6100, 300, 5e-4
NAMES = (
    "one token 120 times",
    "random letters",
    "unknown script",
    "words spelled backwards",
    "box tokens in the answer",
)
CHOSEN = (*(kind for kind in KINDS if kind.name in NAMES), SHORT)


def plant(folder: Path) -> tuple[Path, dict[int, Kind]]:
    """A registry of healthy rows and one row of each kind, and the kinds of those."""
    rows = synthetic_rows.rows(SEED, HEALTHY, folder)
    owner = {}
    for kind in CHOSEN:
        dice = random.Random(f"{SEED} {kind.name}")
        owner[len(rows)] = kind
        rows.append(kind.make(dice, healthy_row(dice, kind, folder, f"{len(rows)}.png"), folder))
    return write_dataset(folder, rows), owner


def replayed(folder: Path) -> tuple[list[dict], dict[int, Kind], dict]:
    """The records of replay.parquet, the kinds of planted rows, and the replay's part of the summary."""
    registry, owner = plant(folder)
    run, checkpoint = folder / "run", ensure()
    command = [sys.executable, "-m", "validator.cli.main"]
    check = [registry, "--processor", checkpoint, "--cutoff-len", CUTOFF, "--run-dir", run, "--exit-zero", "-q"]
    subprocess.run([*command, *map(str, check)], check=True, stdout=subprocess.DEVNULL)
    named = folder / "rows.jsonl"
    lines = [json.dumps({"dataset": "data", "file": "data.jsonl", "row": row}) for row in owner]
    named.write_text("\n".join(lines), encoding="utf-8")
    replay = ["replay", run, "--rows", named, "--model", checkpoint, "--device", "cpu", "--remedies", len(CHOSEN)]
    replay += ["--k-step", len(CHOSEN), "--learning-rate", RATE, "--exit-zero"]
    subprocess.run([*command, *map(str, replay)], check=True)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))["replay"]
    return pq.read_table(run / "replay.parquet").to_pylist(), owner, summary


def table(records: list[dict], owner: dict[int, Kind]) -> str:
    """Rows are planted rows, columns the manners of training."""
    trained = [record for record in records if record["drifts"]]
    names = [drift["name"] for drift in trained[0]["drifts"]]
    lines = [f"| row | verdict | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    for record in trained:
        cells = [_cell(drift) for drift in record["drifts"]]
        name = owner[record["row"]].name if record["row"] in owner else "healthy (blind)"
        lines.append(f"| {name} | {record['verdict']} | {' | '.join(cells)} |")
    bands = (f"within {drift['band']:.4f}" for drift in trained[0]["drifts"])
    return "\n".join([*lines, f"| another control | | {' | '.join(bands)} |"])


def _cell(drift: dict) -> str:
    change = "NaN" if drift["median"] is None else f"{drift['median']:+.4f}"
    text = f"{change}, {drift['raised']}/{drift['seeds']}"
    return f"**{text}**" if drift["destabilises"] else text


def plot(records: list[dict], owner: dict[int, Kind]) -> None:
    """The medians by row and manner, and the band of another control."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "k_step", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    trained = [record for record in records if record["drifts"] and record["row"] in owner]
    figure, axes = pyplot.subplots(figsize=(7.2, 0.6 + 0.55 * len(trained)))
    for at, record in enumerate(trained):
        for number, (drift, colour) in enumerate(zip(record["drifts"], ("k", "C0", "C2", "C1", "C3"), strict=True)):
            up = at + 0.3 - 0.15 * number
            axes.barh(up, drift["median"] or 0.0, 0.13, color=colour, label=drift["name"] if at == 0 else None)
            half = drift["band"] / 2
            axes.plot([-half, half], [up, up], color="0.6", linewidth=1.5)
    axes.set_yticks(range(len(trained)), [owner[record["row"]].name for record in trained])
    axes.axvline(0, color="k", linewidth=0.6)
    axes.set_xlabel("loss on other rows, less that with a control in the row's place (grey: another control)")
    axes.legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(PAGES / "k_step.svg", metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        records, owner, summary = replayed(given.folder or Path(scratch))
    text = table(records, owner)
    print(f"{text}\n\n{time.perf_counter() - began:.0f} s, {summary['k_step']}")
    if given.write:
        plot(records, owner)
        filled = PAGE.format(
            rate=RATE,
            healthy=HEALTHY,
            text=text,
            versions=", ".join(f"{name} {given}" for name, given in summary["versions"].items()),
            **summary["k_step"],
        )
        (PAGES / "k_step.md").write_text(filled, encoding="utf-8")


PAGE = """# Training on an accused row

Made by `python -m scripts.experiments.k_step --write` ({versions}), through `mmvalidate replay RUN --k-step` on the
tiny model of `scripts/tiny_checkpoint.py`: one row of each planted kind among {healthy} healthy rows, AdamW at {rate},
{steps} steps of four samples with the row in each, {seeds} seeds, {controls} controls with 20 labels or more.

A cell is the loss on eight other rows after the steps, less that after the same steps with a control in the row's
place (median over the seeds), and the seeds in which it is higher; bold: it destabilises, that is, beyond three times
what another control does ("within": its interquartile range) and in ten of twelve seeds.

{text}

![Loss on other rows](k_step.svg)

What it says: each of these rows is accused, and as configured none destabilises. AdamW, once it has a state, bounds
what one row can do in six steps, and most medians are those of chance. Clipping to 1 makes all six worse, three of them
beyond three bands: the row's gradient (norms of 30 to 90 beside 1) sets the norm of the step, so that the cut most
likely takes the step from the healthy rows beside it, and the loss on others falls less than with a control in that
place. The token-normalised loss, batch 2 x 2 and a tenth of the learning rate cannot be told from chance here.
"""


if __name__ == "__main__":
    main()
