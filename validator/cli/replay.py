"""`mmvalidate replay RUN`: replay a finished run's worst rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from validator.cli.check import CONFIG
from validator.cli.command import CONTEXT, make
from validator.cli.common import EXIT_ZERO, QUIET, RUN, VERBOSE, OutputFormat, guarded, show, the_run, usage
from validator.cli.from_model import Fields, command
from validator.cli.gating import REPORT, files_of
from validator.cli.replaying import asked, rows_named, run_replay
from validator.cli.trust import TRUST, left_out
from validator.option import OUTPUT, REPLAY
from validator.replaying.settings import ReplaySettings


def _replay(
    context: typer.Context,
    replaying: dict[str, Any],
    run: RUN = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            help="File of rows to replay: one JSON object per line with dataset, file and row.", rich_help_panel=REPLAY
        ),
    ] = None,
    trust: TRUST = None,
    exit_zero: EXIT_ZERO = False,
    output_format: Annotated[
        OutputFormat, typer.Option(help="What to print on stdout.", rich_help_panel=OUTPUT)
    ] = OutputFormat.full,
    report: REPORT = [],  # noqa: B006  # typer makes it anew
    config: CONFIG = None,
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Replay the worst rows of a finished run on a model."""
    del config  # its callback has read the file
    try:
        reports = files_of([] if "report" in left_out(context, trust) else report)
        folder = the_run(run)
        named = rows_named(rows) if rows else ()
        more: dict[str, Any] = {"candidates": len(named), "rows": named} if named else {}
        settings = asked(replaying | more)
    except ValueError as error:
        usage(error)
    code = guarded(
        lambda: show(run_replay(folder, settings, quiet=quiet), output_format.value, quiet, reports), verbose
    )
    raise typer.Exit(0 if code == 1 and exit_zero else code)


replay = command(_replay, replaying=Fields(ReplaySettings))
COMMAND = make("replay", replay, context_settings=CONTEXT)
