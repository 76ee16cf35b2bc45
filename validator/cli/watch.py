"""`mmvalidate watch OUTPUT_DIR`: read the logs of a running or finished training."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from validator.cli.audit import GPUS
from validator.cli.command import make
from validator.cli.common import VERBOSE, guarded, tell, usage

if TYPE_CHECKING:
    from validator.auditing.logs import Log
    from validator.auditing.signs import Sign
    from validator.engine.run_files.finished import FinishedRun
    from validator.training.config import TrainingConfig

LONGEST = 86_400
"""Seconds between two looks."""
MOST_STEPS = 10_000
"""Steps whose rows are worked out."""
SHOWN = 10
"""Rows that are printed; all are written with --write-rows."""


def watch(
    output_dir: Path = typer.Argument(help="The trainer's output_dir."),
    train_config: Path | None = typer.Option(None, help="The training file, needed to tell which rows a step fed."),
    run: Path | None = typer.Option(None, help="The folder of a finished check of its data (.mmvalidate/NAME)."),
    gpus: GPUS = None,
    write_rows: Path | None = typer.Option(
        None, help="Write the rows of the suspicious steps to this file, one JSON object per line."
    ),
    follow: float = typer.Option(0, help="Check every N seconds until a problem appears or training ends."),
    verbose: VERBOSE = False,
) -> None:
    """Find hidden NaN, abnormal gradient norms and losses at ln V in training logs; name the rows fed.

    Exit code 1 if a problem is found, 3 if none is found and something was not read.
    """
    try:
        from validator.engine.run_files.finished import FinishedRun
        from validator.training.config import load_config

        if not 0 <= follow <= LONGEST:
            raise ValueError(f"--follow {follow}: write seconds, up to {LONGEST:,}.")
        if not output_dir.is_dir():
            raise ValueError(f"{output_dir} is not a folder.")
        if run is not None and train_config is None:
            raise ValueError("--run needs --train-config: which rows a step fed depends on it")
        config = load_config(train_config) if train_config else None
        checked = None if run is None else FinishedRun.whole(run)
    except ValueError as error:
        usage(error)
    raise typer.Exit(guarded(lambda: _watch(output_dir, config, checked, gpus, write_rows, follow), verbose))


def _watch(
    folder: Path,
    config: TrainingConfig | None,
    run: FinishedRun | None,
    gpus: int | None,
    write_rows: Path | None,
    follow: float,
) -> int:
    from validator.auditing.logs import read_log
    from validator.auditing.signs import signs
    from validator.training.shape import shape_of

    shape = shape_of(config["model_name_or_path"]) if config else None
    words = shape.words if shape else None
    steps = round(config["logging_steps"]) if config else None
    while True:
        try:
            log = read_log(folder, steps)
        except ValueError as error:  # nothing is logged: not yet, or its files are gone
            if not follow:
                usage(error)
        else:
            found = signs(log.points, words)
            ended = log.max_steps is not None and log.last >= log.max_steps
            if found or ended or not follow:
                break
        time.sleep(follow)
    tell(f"{len(log.points):,} logged steps up to {log.last:,} in {', '.join(log.sources)}")
    unseen = _unseen(log)
    for sentence in unseen:
        tell(sentence)
    for sign in found:
        tell(f"{sign.kind}: {sign.message}")
        tell(f"    help: {sign.help}")
    if found and config is not None and run is not None:
        _rows(found[0], log, config, run, gpus, write_rows)
    elif found:
        tell("name --train-config and --run to see which rows were fed")
    if found:
        return 1
    tell("nothing suspicious in what could be read; not everything could" if unseen else "nothing suspicious")
    return 3 if unseen else 0


def _unseen(log: Log) -> list[str]:
    """Sentences on what was not looked at."""
    if not log.points:
        return ["neither a loss nor a gradient norm is logged: a NaN would not be noticed", *log.unread]
    if all(point.loss is None for point in log.points):
        tell("no loss is logged: only gradient norms are judged")
    return list(log.unread)


def _rows(
    sign: Sign, log: Log, config: TrainingConfig, run: FinishedRun, gpus: int | None, write_rows: Path | None
) -> None:
    """Print the rows of the steps in which the first sign began."""
    from validator.auditing.case import training_case
    from validator.auditing.data import data_facts, places_of
    from validator.auditing.steps import gpus_of, rows_of
    from validator.findings import count
    from validator.training.versions import find_versions
    from validator.writing import write_whole

    try:
        if sign.step - sign.after > MOST_STEPS:
            raise ValueError(f"there are {sign.step - sign.after:,} steps between two that were logged")
        data = data_facts(run, config)
        case = training_case(config, find_versions(), gpus, data)
        number = gpus_of(case, data, log.max_steps)
        places = rows_of(case, data, number, range(sign.after + 1, sign.step + 1))
    except ValueError as error:
        tell(f"which rows were fed is not known: {error}")
        return
    rows = places_of(run, places)
    steps = f"step {sign.step}" if sign.after + 1 == sign.step else f"steps {sign.after + 1} to {sign.step}"
    tell(f"{steps} fed {count(len(rows), 'row')} on {count(number, 'GPU')}:")
    for dataset, file, row in rows[:SHOWN]:
        tell(f"    {dataset}: {file}:{row}")
    if len(rows) > SHOWN:
        tell(f"    and {len(rows) - SHOWN:,} more")
    if write_rows is not None:
        lines = [json.dumps({"dataset": dataset, "file": file, "row": row}) for dataset, file, row in rows]
        write_whole(write_rows, ("\n".join(lines) + "\n").encode())
        tell(f"replay them: mmvalidate replay {run.folder} --rows {write_rows} --model CHECKPOINT_BEFORE")
    else:
        tell("--write-rows FILE keeps them for mmvalidate replay --rows FILE")


COMMAND = make("watch", watch)
