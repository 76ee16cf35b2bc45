"""`mmvalidate plan RUN`: what other limits would make of a finished run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

import typer

from validator.cli.command import make
from validator.cli.common import QUIET, RUN, VERBOSE, guarded, the_run, usage, words

if TYPE_CHECKING:
    from validator.planning.models import ModelPlan
    from validator.planning.plan import Plan


class PlanFormat(str, Enum):
    """What is printed on stdout."""

    full = "full"
    json = "json"
    svg = "svg"


def plan(
    run: RUN = None,
    cutoff_len: list[str] = typer.Option(
        [], help="Comma-separated values of cutoff_len. Default: the run's.", show_default=False
    ),
    image_max_pixels: list[str] = typer.Option(
        [], help="Comma-separated values of image_max_pixels. Default: the run's.", show_default=False
    ),
    processor: list[str] = typer.Option(
        [],
        help="Comma-separated models to count side by side, as check's --processor names them; all: those that need "
        "no files.",
        show_default=False,
    ),
    batch_size: int = typer.Option(8, help="Rows per batch and device, to count padding.", min=1, max=65536),
    output_format: PlanFormat = typer.Option(PlanFormat.full, help="full: a table; json; svg: a picture."),
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Predict a finished run under other limits, or other models: rows that stop, cut and whole ones, tokens."""
    from validator.engine.run_files.finished import FinishedRun
    from validator.planning.plan import plan as made

    try:
        cutoffs, pixels = _numbers("--cutoff-len", cutoff_len), _numbers("--image-max-pixels", image_max_pixels)
        models = words(processor)
        if models and (len(cutoffs) > 1 or len(pixels) > 1):
            raise ValueError("--processor takes one --cutoff-len and one --image-max-pixels.")
        if models and output_format is PlanFormat.svg:
            raise ValueError("--processor is printed as full or json.")
    except ValueError as error:
        usage(error)

    folder = the_run(run)

    def counted(finished: FinishedRun, progress: Callable[[int], None]) -> Plan | ModelPlan:
        if not models:
            return made(finished, cutoffs, pixels, batch_size, progress)
        from validator.planning.models import plan_models

        given = {"cutoff_len": cutoffs, "image_max_pixels": pixels}
        changes = {name: values[0] for name, values in given.items() if values}
        return plan_models(finished, models, changes, batch_size, progress)

    def work() -> int:
        from validator.report.json_document import dump
        from validator.report.progress import StderrProgress

        finished = FinishedRun.whole(folder)
        try:
            with StderrProgress(quiet=quiet) as progress:
                progress.counting(finished.summary["rows"]["total"])
                result = counted(finished, progress.counted)
        except ValueError as error:
            usage(error)
        if output_format is PlanFormat.json:
            dump(result.record(), sys.stdout)
        else:
            _print(result, output_format)
        sys.stdout.flush()
        return 0

    raise typer.Exit(guarded(work, verbose))


def _print(result: Plan | ModelPlan, output_format: PlanFormat) -> None:
    from validator.planning.plan import Plan
    from validator.report.plan_picture import picture
    from validator.report.planned import full
    from validator.report.planned_models import full as side_by_side

    if not isinstance(result, Plan):
        side_by_side(result, sys.stdout)
    elif output_format is PlanFormat.svg:
        print(picture(result))
    else:
        full(result, sys.stdout)


def _numbers(option: str, values: list[str]) -> list[int]:
    found = []
    for word in words(values):
        if not word.isascii() or not word.isdigit() or int(word) == 0:
            raise ValueError(f"{option} {word}: must be a number above 0, or several separated by commas.")
        found.append(int(word))
    return sorted(set(found))


COMMAND = make("plan", plan)
