"""`mmvalidate replay RUN`: replay a finished run's worst rows."""

from __future__ import annotations

from pathlib import Path

import typer

from validator.cli.check import CONFIG
from validator.cli.common import RUN, OutputFormat, guarded, show, usage
from validator.cli.gating import REPORT, files_of
from validator.cli.replaying import (
    ATTENTION,
    BLIND,
    CONTROLS,
    DEVICE,
    DTYPE,
    K_STEP,
    LANGUAGE,
    MODEL,
    PICKLES,
    PROJECTOR,
    RATE,
    REFERENCE,
    REMEDIES,
    TOWER,
    asked,
    rows_named,
    run_replay,
)
from validator.cli.trust import TRUST, left_out


def replay(
    context: typer.Context,
    run: Path = RUN,
    candidates: int = typer.Option(32, help="How many rows, the riskiest first."),
    rows: Path | None = typer.Option(None, help="Rows to replay, one JSON a line with dataset, file and row."),
    model: MODEL = "scale",
    reference_model: REFERENCE = None,
    allow_pickles: PICKLES = False,
    device: DEVICE = "auto",
    dtype: DTYPE = "bf16",
    attention: ATTENTION = "sdpa",
    controls: CONTROLS = 200,
    blind: BLIND = 16,
    remedies: REMEDIES = 32,
    k_step: K_STEP = 0,
    learning_rate: RATE = 1e-5,
    freeze_vision_tower: TOWER = True,
    freeze_projector: PROJECTOR = True,
    freeze_language_model: LANGUAGE = False,
    trust: bool | None = TRUST,
    exit_zero: bool = typer.Option(False, "--exit-zero", help="Exit with 0 instead of 1."),
    output_format: OutputFormat = typer.Option(OutputFormat.full, help="What to print on stdout."),
    report: list[str] = REPORT,
    config: CONFIG = None,
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, no tables."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Replay the worst rows of a finished run on a model."""
    del config  # its callback has read the file
    try:
        reports = files_of([] if "report" in left_out(context, trust) else report)
        named = rows_named(rows) if rows else ()
        settings = asked(context.params, candidates=len(named) or candidates, rows=named)
    except ValueError as error:
        usage(error)
    code = guarded(lambda: show(run_replay(run, settings, quiet=quiet), output_format.value, quiet, reports), verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)
