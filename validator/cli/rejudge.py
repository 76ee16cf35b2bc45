"""`mmvalidate rejudge RUN`: judge a finished run again under other limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from validator.cli.choices import FailOn, ModelSize, Truncation
from validator.cli.common import RUN, OutputFormat, guarded, show, usage, words
from validator.cli.completing import codes
from validator.cli.config_file import rates, severities
from validator.cli.gating import MAX_RATE, REASON, REPORT, SEVERITY, WRITE_BASELINE, accept, files_of
from validator.cli.trust import TRUST_RUN, rules_for_run


def rejudge(
    run: Path = RUN,
    cutoff_len: int | None = typer.Option(None, help="Another cutoff_len, in tokens.", show_default=False),
    image_max_pixels: int | None = typer.Option(None, help="Another image_max_pixels.", show_default=False),
    image_min_pixels: int | None = typer.Option(None, help="Another image_min_pixels.", show_default=False),
    mask_history: bool | None = typer.Option(None, "--mask-history/--no-mask-history", show_default=False),
    train_on_prompt: bool | None = typer.Option(None, "--train-on-prompt/--no-train-on-prompt", show_default=False),
    truncation_strategy: Truncation | None = typer.Option(
        None, help="ms-swift's: delete, left or right.", show_default=False
    ),
    model_size: ModelSize | None = typer.Option(None, help="Estimate memory for another model.", show_default=False),
    rules: list[Path] = typer.Option([], help="A Python file with rules of your own (repeatable)."),
    trust: bool | None = TRUST_RUN,
    select: list[str] = typer.Option([], help="Run these rules only.", autocompletion=codes),
    ignore: list[str] = typer.Option([], help="Leave these rules out.", autocompletion=codes),
    severity: list[str] = SEVERITY,
    fail_on: FailOn | None = typer.Option(None, help="The least severity that gives exit code 1.", show_default=False),
    max_rate: list[str] = MAX_RATE,
    min_rows: int | None = typer.Option(None, help="Fail where there are fewer rows.", min=0, show_default=False),
    baseline: Path | None = typer.Option(None, help="A file of accepted findings: they do not fail the run."),
    write_baseline: Path | None = WRITE_BASELINE,
    reason: str = REASON,
    exit_zero: bool = typer.Option(False, "--exit-zero", help="Exit with 0 instead of 1."),
    run_dir: Path | None = typer.Option(None, help="Where the result is written. Default: the run's own folder."),
    workers: int | None = typer.Option(None, help="Processes; 0: one, without Dask.", min=0, show_default=False),
    output_format: OutputFormat = typer.Option(OutputFormat.full, help="What to print on stdout."),
    report: list[str] = REPORT,
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, no tables."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Judge a finished run again under other limits."""
    from validator.engine.finished import FinishedRun
    from validator.engine.options import Options
    from validator.engine.rejudge import rejudge as again
    from validator.engine.rejudge import settings_of
    from validator.report.progress import StderrProgress
    from validator.run_folder.lock import hold

    def given(finished: FinishedRun) -> dict[str, Any]:
        return {
            "cutoff_len": cutoff_len,
            "image_max_pixels": image_max_pixels,
            "image_min_pixels": image_min_pixels,
            "mask_history": mask_history,
            "train_on_prompt": train_on_prompt,
            "truncation_strategy": truncation_strategy and truncation_strategy.value,
            "model_size": model_size and model_size.value,
            "rules": rules_for_run(finished, rules, trust),
            "select": words(select) or None,
            "ignore": words(ignore) or None,
            "severity": severities(words(severity)) or None,
            "fail_on": fail_on and fail_on.value,
            "max_rate": rates(words(max_rate)) or None,
            "min_rows": min_rows,
            "baseline": baseline and baseline.absolute(),
        }

    try:
        reports = files_of(report)
        finished = FinishedRun.whole(run)
        changes = {name: value for name, value in given(finished).items() if value is not None}
        settings = settings_of(finished, changes)
    except ValueError as error:
        usage(error)

    def work() -> int:
        with hold(run_dir or run, "rejudge"):
            with StderrProgress(quiet=quiet) as progress:
                result = again(finished, settings, run_dir or run, progress, Options(workers=workers))
            if write_baseline is not None:
                result = accept(result, write_baseline.absolute(), reason)
        return show(result, output_format.value, quiet, reports)

    code = guarded(work, verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)
