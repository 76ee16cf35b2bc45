"""`mmvalidate audit TRAIN_CONFIG`: is this run safe to start?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.cli.command import make
from validator.cli.common import QUIET, VERBOSE, guarded, say, usage, write_reports
from validator.cli.from_model import Fields, command
from validator.cli.gating import REPORT, files_of
from validator.cli.place import place_of
from validator.cli.replaying import wanted
from validator.cli.training import VERSIONS
from validator.execution import Execution
from validator.replaying.settings import ReplaySettings
from validator.settings import Settings

if TYPE_CHECKING:
    from validator.training.config import TrainingConfig

GPUS = Annotated[
    int | None,
    typer.Option("--gpus", help="Number of GPUs (ranks) of the run.", min=1, max=1_000_000, show_default=False),
]


def _audit(
    settings: dict[str, Any],
    execution: dict[str, Any],
    replaying: dict[str, Any],
    train_config: Path | None = typer.Argument(None, help="LLaMA-Factory's training file (YAML or JSON)."),
    checkpoint: str | None = typer.Option(
        None, help="The checkpoint to audit. Default: the training file's, if it is here."
    ),
    base: str | None = typer.Option(None, help="The checkpoint it was trained from, for comparison."),
    versions: VERSIONS = None,
    gpus: GPUS = None,
    gpu_memory: float | None = typer.Option(
        None, help="Memory of one GPU in GiB.", min=1, max=1_000_000, show_default=False
    ),
    replay: str = typer.Option(
        "auto", help="Replay the worst rows: off, auto (if a GPU and the model are here), or a number."
    ),
    run_dir: Path | None = typer.Option(None, help="Where results are kept. Default: .mmvalidate/<dataset_dir>."),
    report: REPORT = [],  # noqa: B006  # typer makes it anew
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Judge data, training configuration and checkpoint together: GO, GO WITH WARNINGS or NO-GO."""
    try:
        from validator.api.audit import AuditJob, check_named, data_settings
        from validator.api.prepare import prepare
        from validator.training.config import load_config
        from validator.training.versions import find_versions

        config = load_config(train_config) if train_config else None
        reports, carried = files_of(report), Execution(**execution)
        if reports and config is None:
            raise ValueError("--report needs a training file: a checkpoint alone has no run folder to report on.")
        chosen = data_settings(config, **settings) if config else None
        job = AuditJob(
            config=config,
            versions=find_versions(versions),
            checkpoint=checkpoint,
            base=base,
            gpus=gpus,
            memory=gpu_memory,
            settings=chosen,
            replaying=_replaying(config, replay, replaying) if config else None,
        )
        check_named(job)
        if chosen is not None:
            for note in prepare(chosen).notes:
                say(note)
    except ValueError as error:
        usage(error)

    def work() -> int:
        from validator.api.audit import carry_out, checkpoint_alone
        from validator.report import audited
        from validator.report.finished import Finished
        from validator.report.json_document import dump
        from validator.report.progress import StderrProgress

        folder = None if chosen is None else place_of(chosen, run_dir)
        with StderrProgress(quiet=quiet) as progress:
            done = checkpoint_alone(job, progress) if folder is None else carry_out(job, folder, progress, carried)
        if folder is not None:
            write_reports(Finished(folder), reports, quiet=quiet)
            if not quiet:
                say(f"the report with pictures: {folder / 'report.html'}")
        if json:
            dump(done.page, sys.stdout)
        else:
            audited.page(done.page, sys.stdout)
        return done.exit_code

    raise typer.Exit(guarded(work, verbose))


def _replaying(config: TrainingConfig, replay: str, given: dict[str, Any]) -> ReplaySettings | None:
    """The settings of the replay, None for none. Raises ValueError where it cannot work."""
    from validator.training.shape import on_disk

    folder = on_disk(config["model_name_or_path"])
    model = str(folder) if folder else "scale"
    candidates = wanted(replay, model)
    if candidates is None:
        return None
    from validator.replaying.possible import check_possible

    settings = ReplaySettings(
        model=model,
        **given,
        candidates=candidates,
        freeze_vision_tower=config["freeze_vision_tower"],
        freeze_multi_modal_projector=config["freeze_multi_modal_projector"],
        freeze_language_model=config["freeze_language_model"],
    )
    check_possible(settings)
    return settings


audit = command(
    _audit,
    settings=Fields(Settings, only=("processor", "integrity"), unset=True),
    execution=Fields(Execution, only=("workers",)),
    replaying=Fields(ReplaySettings, only=("allow_pickles", "device")),
)
COMMAND = make("audit", audit)
