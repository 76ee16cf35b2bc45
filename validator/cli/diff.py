"""`mmvalidate diff RUN_A RUN_B`: what has changed between two runs."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from validator.cli.command import make
from validator.cli.common import EXIT_ZERO, VERBOSE, PlainFormat, guarded, the_run, usage
from validator.cli.completing import runs


def diff(
    run_a: Path = typer.Argument(help="The folder of the earlier run.", autocompletion=runs),
    run_b: Path | None = typer.Argument(
        None,
        help="The folder of the later run. Default: the one that finished last.",
        autocompletion=runs,
        show_default=False,
    ),
    output_format: PlainFormat = typer.Option(PlainFormat.text, help="What to print on stdout."),
    exit_zero: EXIT_ZERO = False,
    verbose: VERBOSE = False,
) -> None:
    """Compare two runs: what is new, what is gone.

    Findings are matched by the content of their rows, so moved rows count as the same. Exit code 1 if there are
    new errors.
    """

    later = the_run(run_b)

    def work() -> int:
        from validator.engine.compare.runs import compare, document
        from validator.engine.run_files.finished import FinishedRun

        try:
            result = compare(FinishedRun.whole(run_a), FinishedRun.whole(later))
        except ValueError as error:
            usage(error)
        if output_format is PlainFormat.json:
            from validator.report.json_document import dump

            dump(document(result), sys.stdout)
        else:
            from validator.report.compared import compared

            compared(result, sys.stdout)
        return 1 if result.new_errors else 0

    code = guarded(work, verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)


COMMAND = make("diff", diff)
