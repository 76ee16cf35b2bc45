"""`mmvalidate watch OUTPUT_DIR`: read the logs of a running or finished training."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from validator.cli.audit import GPUS
from validator.cli.common import guarded, usage

if TYPE_CHECKING:
    from validator.audit.logs import Log
    from validator.audit.signs import Sign
    from validator.training.config import TrainingConfig

SHOWN = 10
"""Rows that are printed; all are written with --write-rows."""


def watch(
    output_dir: Path = typer.Argument(help="The trainer's output_dir."),
    train_config: Path | None = typer.Option(None, help="The training file: which rows a step fed depends on it."),
    run: Path | None = typer.Option(None, help="The folder of a finished check of its data (.mmvalidate/NAME)."),
    gpus: int | None = GPUS,
    write_rows: Path | None = typer.Option(None, help="Write the rows of the suspicious steps, one JSON a line."),
    follow: float = typer.Option(0, help="Look again every so many seconds, until a sign appears or training ends."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Look for NaN that logs hide, gradient norms that leave their band, and losses at ln V; name the rows fed."""
    try:
        from validator.training.config import load_config

        if not output_dir.is_dir():
            raise ValueError(f"{output_dir} is no folder.")
        if run is not None and train_config is None:
            raise ValueError("--run needs --train-config: which rows a step fed depends on it")
        config = load_config(train_config) if train_config else None
    except ValueError as error:
        usage(error)
    raise typer.Exit(guarded(lambda: _watch(output_dir, config, run, gpus, write_rows, follow), verbose))


def _watch(
    folder: Path,
    config: TrainingConfig | None,
    run: Path | None,
    gpus: int | None,
    write_rows: Path | None,
    follow: float,
) -> int:
    from validator.audit.logs import read_log
    from validator.audit.signs import signs
    from validator.training.shape import shape_of

    shape = shape_of(config["model_name_or_path"]) if config else None
    words = shape.words if shape else None
    steps = round(config["logging_steps"]) if config else None
    while True:
        try:
            log = read_log(folder, steps)
            found = signs(log.points, words)
        except ValueError as error:
            if not follow:
                usage(error)
        else:
            ended = bool(log.state) and log.points[-1].step >= (log.state.get("max_steps") or 0) > 0
            if found or ended or not follow:
                break
        time.sleep(follow)
    last = log.points[-1]
    print(f"{len(log.points):,} logged steps up to {last.step:,} in {', '.join(log.sources)}")
    for sign in found:
        print(f"{sign.kind}: {sign.message}\n    help: {sign.help}")
    if found and config is not None and run is not None:
        _rows(found[0], log, config, run, gpus, write_rows)
    elif found:
        print("name --train-config and --run to see which rows were fed")
    if not found:
        print("nothing suspicious")
    return 1 if found else 0


def _rows(sign: Sign, log: Log, config: TrainingConfig, run: Path, gpus: int | None, write_rows: Path | None) -> None:
    """Print the rows of the steps in which the first sign began."""
    from validator.audit.case import training_case
    from validator.audit.data import data_facts, places_of
    from validator.audit.steps import gpus_of, rows_of
    from validator.findings import count
    from validator.training.versions import find_versions

    try:
        data = data_facts(run, config)
        case = training_case(config, find_versions(), gpus, data)
        number = gpus_of(case, data, log.state)
        places = rows_of(case, data, number, range(sign.after + 1, sign.step + 1))
    except ValueError as error:
        print(f"which rows were fed is not known: {error}")
        return
    rows = places_of(run, places)
    steps = f"step {sign.step}" if sign.after + 1 == sign.step else f"steps {sign.after + 1} to {sign.step}"
    print(f"{steps} fed {count(len(rows), 'row')} on {count(number, 'GPU')}:")
    for dataset, file, row in rows[:SHOWN]:
        print(f"    {dataset}: {file}:{row}")
    if len(rows) > SHOWN:
        print(f"    and {len(rows) - SHOWN:,} more")
    if write_rows is not None:
        lines = [json.dumps({"dataset": dataset, "file": file, "row": row}) for dataset, file, row in rows]
        write_rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"replay them: mmvalidate replay {run} --rows {write_rows} --model CHECKPOINT_BEFORE")
    else:
        print("--write-rows FILE keeps them for mmvalidate replay --rows FILE")
