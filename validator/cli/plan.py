"""`mmvalidate plan RUN`: what other limits would make of a finished run."""

from __future__ import annotations

import sys
from enum import Enum

import typer

from validator.cli.command import make
from validator.cli.common import QUIET, RUN, VERBOSE, guarded, the_run, usage, words


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
    batch_size: int = typer.Option(8, help="Rows per batch and device, to count padding.", min=1, max=65536),
    output_format: PlanFormat = typer.Option(PlanFormat.full, help="full: a table; json; svg: a picture."),
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Predict a finished run under other limits: rows crashed, cut and whole, tokens, padding."""
    from validator.engine.run_files.finished import FinishedRun
    from validator.planning.plan import plan as made

    try:
        cutoffs, pixels = _numbers("--cutoff-len", cutoff_len), _numbers("--image-max-pixels", image_max_pixels)
    except ValueError as error:
        usage(error)

    folder = the_run(run)

    def work() -> int:
        from validator.report.json_document import dump
        from validator.report.plan_picture import picture
        from validator.report.planned import full

        def progress(rows: int) -> None:
            if not quiet and sys.stderr.isatty():
                print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)

        try:
            result = made(FinishedRun.whole(folder), cutoffs, pixels, batch_size, progress)
        except ValueError as error:
            usage(error)
        if not quiet and sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        if output_format is PlanFormat.svg:
            print(picture(result))
        elif output_format is PlanFormat.json:
            dump(result.record(), sys.stdout)
        else:
            full(result, sys.stdout)
        sys.stdout.flush()
        return 0

    raise typer.Exit(guarded(work, verbose))


def _numbers(option: str, values: list[str]) -> list[int]:
    found = []
    for word in words(values):
        if not word.isascii() or not word.isdigit() or int(word) == 0:
            raise ValueError(f"{option} {word}: must be a number above 0, or several separated by commas.")
        found.append(int(word))
    return sorted(set(found))


COMMAND = make("plan", plan)
