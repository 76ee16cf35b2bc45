"""`mmvalidate report RUN`: write a finished run in other formats."""

from __future__ import annotations

import typer

from validator.cli.command import make
from validator.cli.common import ALL, QUIET, RUN, VERBOSE, OutputFormat, guarded, show, the_run, usage, write_reports
from validator.cli.gating import REPORT, files_of


def report(
    run: RUN = None,
    report: REPORT = [],  # noqa: B006  # typer makes it anew
    output_format: OutputFormat | None = typer.Option(None, help="Also print the run.", show_default=False),
    everything: ALL = False,
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Write a finished run in other formats, without judging it again.

    The exit code only says whether it could be written.
    """
    from validator.engine.run_files.finished import FinishedRun

    try:
        reports = files_of(report)
        folder = the_run(run)
        FinishedRun.whole(folder)
        if not reports and output_format is None:
            raise ValueError("Say what to write: --report FORMAT=PATH, or --output-format FORMAT.")
    except ValueError as error:
        usage(error)

    def work() -> int:
        from validator.engine.run_files.amend import load_run
        from validator.report.finished import Finished

        if output_format is not None:
            show(load_run(folder), output_format.value, quiet, reports, everything=everything)
        else:
            write_reports(Finished(folder), reports, quiet=quiet)
        return 0

    raise typer.Exit(guarded(work, verbose))


COMMAND = make("report", report)
