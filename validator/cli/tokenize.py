"""`mmvalidate tokenize RUN --to DIR`: the rows as the trainer would have preprocessed them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import typer

from validator.cli.command import make
from validator.cli.common import QUIET, RUN, VERBOSE, PlainFormat, guarded, say, the_run, usage, words
from validator.cli.completing import codes
from validator.cli.export import DropOn


def tokenize(
    run: RUN = None,
    to: Path = typer.Option(..., "--to", help="A new folder for the rows."),
    train_config: Path | None = typer.Option(
        None, help="LLaMA-Factory's training file: uses its datasets, mixing, val_size, seed and eval_dataset."
    ),
    drop_on: DropOn = typer.Option(DropOn.error, help="Lowest severity of a finding that leaves a row out."),
    drop: list[str] = typer.Option(
        [], help="Rules that leave rows out whatever their severity (repeatable, commas).", autocompletion=codes
    ),
    keep: list[str] = typer.Option(
        [], help="Rules that never leave a row out (repeatable, commas).", autocompletion=codes
    ),
    merge: list[Path] = typer.Option([], help="A folder to join with others in the place of a run (repeatable)."),
    check: int = typer.Option(
        0, help="Rows that LLaMA-Factory itself preprocesses then, to compare (needs --train-config).", min=0
    ),
    trainer_python: Path | None = typer.Option(
        None,
        help="The Python of the environment with LLaMA-Factory, for --check. Default: the one that runs mmvalidate.",
        show_default=False,
    ),
    workers: int | None = typer.Option(
        None,
        help="Worker processes; 0: one process, without Dask. Default: depends on the work.",
        min=0,
        show_default=False,
    ),
    scheduler: str | None = typer.Option(None, help="Address of a running Dask scheduler."),
    output_format: PlainFormat = typer.Option(PlainFormat.text, help="What to print on stdout."),
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Write the rows of a finished run as its trainer would preprocess them.

    The trainer loads the folder instead of the data. Rows that are left out are listed with their reasons
    (left_out.jsonl). The original is never changed.
    """

    if merge:
        _merge(run, merge, to, output_format, verbose)
    folder = the_run(run)

    def work() -> int:
        from validator.coordinates.systems import WORDS
        from validator.engine.coordinates import certain_systems
        from validator.engine.run_files.finished import FinishedRun
        from validator.execution import Execution
        from validator.exporting.policy import make_policy
        from validator.findings import printable
        from validator.report.progress import StderrProgress
        from validator.report.tokenized import compared, tokenized
        from validator.tokenizing.comparing import comparable_form, compare
        from validator.tokenizing.tokenize import tokenize as write
        from validator.training.config import load_config

        try:
            finished = FinishedRun.whole(folder)
            policy = make_policy(drop_on.value, words(drop), words(keep), finished.plugins, False)
            config = None if train_config is None else load_config(train_config)
            execution = Execution(workers=workers, scheduler=scheduler)
            form = comparable_form(finished.settings, config) if check else None
            with StderrProgress(quiet=quiet) as progress:
                done = write(finished, to, policy, config=config, execution=execution, progress=progress)
        except ValueError as error:
            usage(error)
        if done.replaced:
            say(f"{to} held an unfinished folder of something else: it was replaced")
        if done.went_on:
            say(f"went on with what an interrupted command had left in {to}")
        for name, system in certain_systems(finished).items():
            say(
                f"the boxes of {printable(name)} were written as they are, {WORDS[system]}, which the model does not "
                "read: convert them with `mmvalidate export --fix`, and tokenize a run of the copy"
            )
        if output_format is PlainFormat.json:
            from validator.report.json_document import dump

            dump(done.card, sys.stdout)
        else:
            tokenized(done.card, finished.data, to, sys.stdout)
        if form is None or config is None:
            return 0
        try:
            found = compare(
                finished, to, done.plan, form, config=config, rows=check, python=str(trainer_python or sys.executable)
            )
        except ValueError as error:
            usage(error)
        compared(found, sys.stderr if output_format is PlainFormat.json else sys.stdout)
        return 1 if found.different else 0

    kept = "what was written is kept, and the same command continues from there"
    raise typer.Exit(guarded(work, verbose, "the writing", kept))


def _merge(run: Path | None, folders: list[Path], to: Path, output_format: PlainFormat, verbose: bool) -> NoReturn:
    """Join folders, and exit."""

    def work() -> int:
        from validator.report.tokenized import tokenized
        from validator.tokenizing.merge import merge

        try:
            if run is not None:
                raise ValueError("--merge joins folders that are written already: name no run beside it.")
            card = merge(folders, to)
        except ValueError as error:
            usage(error)
        if output_format is PlainFormat.json:
            from validator.report.json_document import dump

            dump(card, sys.stdout)
        else:
            tokenized(card, " and ".join(map(str, folders)), to, sys.stdout)
        return 0

    raise typer.Exit(guarded(work, verbose, "the joining", "an unfinished folder is replaced when it is tried again"))


COMMAND = make("tokenize", tokenize)
