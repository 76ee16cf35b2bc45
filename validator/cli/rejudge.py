"""`mmvalidate rejudge RUN`: judge a finished run again under other limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from validator.cli.command import make
from validator.cli.common import ALL, EXIT_ZERO, QUIET, RUN, VERBOSE, OutputFormat, guarded, show, the_run, usage
from validator.cli.from_model import Fields, command
from validator.cli.gating import REASON, REPORT, WRITE_BASELINE, accept, check_baseline, files_of
from validator.cli.trust import TRUST_RUN, rules_for_run
from validator.execution import Execution
from validator.option import OUTPUT
from validator.settings import CHANGEABLE, Settings


def _rejudge(
    settings: dict[str, Any],
    execution: dict[str, Any],
    run: RUN = None,
    trust: TRUST_RUN = None,
    write_baseline: WRITE_BASELINE = None,
    reason: REASON = "",
    exit_zero: EXIT_ZERO = False,
    run_dir: Annotated[
        Path | None,
        typer.Option(help="Where the result is written. Default: the run's own folder.", rich_help_panel=OUTPUT),
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option(help="What to print on stdout.", rich_help_panel=OUTPUT)
    ] = OutputFormat.full,
    report: REPORT = [],  # noqa: B006  # typer makes it anew
    everything: ALL = False,
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Judge a finished run again under other limits.

    What is not named stays as it was.
    """
    from validator.engine.rejudge import rejudge as again
    from validator.engine.rejudge import settings_of
    from validator.engine.run_files.finished import FinishedRun
    from validator.report.progress import StderrProgress
    from validator.run_folder.lock import hold

    try:
        check_baseline(write_baseline)
        reports = files_of(report)
        folder = the_run(run)
        finished = FinishedRun.whole(folder)
        rules = rules_for_run(finished, settings.pop("rules", ()), trust)
        carried = Execution(**execution)
        chosen = settings_of(finished, settings if rules is None else {**settings, "rules": rules})
    except ValueError as error:
        usage(error)

    def work() -> int:
        with hold(run_dir or folder, "rejudge"):
            with StderrProgress(quiet=quiet) as progress:
                result = again(finished, chosen, run_dir or folder, progress, carried)
            if write_baseline is not None:
                result = accept(result, write_baseline.absolute(), reason)
        return show(result, output_format.value, quiet, reports, everything=everything)

    code = guarded(work, verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)


rejudge = command(
    _rejudge, settings=Fields(Settings, only=CHANGEABLE, unset=True), execution=Fields(Execution, only=("workers",))
)
COMMAND = make("rejudge", rejudge)
