"""`mmvalidate audit TRAIN_CONFIG`: is this run safe to start?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from validator.cli.check import Integrity
from validator.cli.common import guarded, usage
from validator.cli.replaying import DEVICE, check_possible, run_replay, wanted
from validator.cli.training import VERSIONS

if TYPE_CHECKING:
    from validator.checkpoint.record import CheckpointCase
    from validator.report.progress import StderrProgress
    from validator.training.config import TrainingConfig
    from validator.training.versions import Versions

GPUS = typer.Option(None, "--gpus", help="GPUs (ranks) of the run.", min=1, show_default=False)


def audit(
    train_config: Path | None = typer.Argument(None, help="LLaMA-Factory's training file (YAML or JSON)."),
    checkpoint: Path | None = typer.Option(
        None, help="The checkpoint to audit. Default: the training file's, if here."
    ),
    base: Path | None = typer.Option(None, help="The checkpoint that it was trained from, to compare with."),
    versions: str | None = VERSIONS,
    gpus: int | None = GPUS,
    gpu_memory: float | None = typer.Option(None, help="Memory of one GPU in GiB.", min=1, show_default=False),
    processor: str | None = typer.Option(None, help="embedded, a folder or a hub id. Default: the model's, if here."),
    integrity: Integrity = typer.Option(Integrity.fast, help="How deep image files are looked into."),
    replay: str = typer.Option(
        "auto", help="Replay the worst rows: off, auto (a GPU and the model are here), a number."
    ),
    device: DEVICE = "auto",
    run_dir: Path | None = typer.Option(None, help="Where results are kept. Default: .mmvalidate/<dataset_dir>."),
    workers: int | None = typer.Option(None, help="Processes; 0: one, without Dask.", min=0, show_default=False),
    json: bool = typer.Option(False, "--json", help="Print audit.json instead of the page."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Judge data, training configuration and checkpoint together: GO, GO WITH WARNINGS or NO-GO."""
    try:
        from validator.training.config import load_config
        from validator.training.versions import find_versions

        if train_config is None and checkpoint is None:
            raise ValueError("name a training file, or a checkpoint with --checkpoint")
        if checkpoint is not None and not checkpoint.is_dir():
            raise ValueError(f"--checkpoint {checkpoint}: no such folder.")
        if base is not None and not base.is_dir():
            raise ValueError(f"--base {base}: no such folder.")
        config = load_config(train_config) if train_config else None
        chosen = find_versions(versions)
        prepared = _prepare(config, processor, integrity.value, replay, device) if config else None
    except ValueError as error:
        usage(error)

    def work() -> int:
        from validator.report import audited
        from validator.report.progress import StderrProgress

        if config is None or prepared is None:
            from validator.audit.run import checkpoints_alone

            with StderrProgress(quiet=quiet) as progress:
                cases = _checkpoints([checkpoint] if checkpoint else [], base, None, progress)
            page = checkpoints_alone(cases, run_dir)
        else:
            page = _whole(config, prepared, chosen, gpus, gpu_memory, checkpoint, base, run_dir, workers, quiet)
        if json:
            import orjson

            sys.stdout.write(orjson.dumps(page, option=orjson.OPT_INDENT_2).decode() + "\n")
        else:
            audited.page(page, sys.stdout)
        return int(page["exit_code"])

    raise typer.Exit(guarded(work, verbose))


def _prepare(
    config: TrainingConfig, processor: str | None, integrity: str, replay: str, device: str
) -> tuple[Any, ...]:
    """Settings, registry and rules of the check, and the replay's settings or None. Raises ValueError."""
    from validator.cli.check import _prepare as prepare
    from validator.settings import Settings
    from validator.training.config import check_settings

    model = config["model_name_or_path"]
    here = model is not None and (Path(model) / "tokenizer.json").is_file()
    settings = Settings(
        **check_settings(config),
        processor=processor or (model if here else "embedded"),
        integrity=integrity,  # type: ignore[arg-type]  # one of the enum's
    )
    replaying = None
    if candidates := wanted(replay, model if model and Path(model).is_dir() else "scale"):
        from validator.replay.settings import ReplaySettings

        replaying = ReplaySettings(
            model=model if model and Path(model).is_dir() else "scale",
            device=device,  # type: ignore[arg-type]
            candidates=candidates,
            freeze_vision_tower=config["freeze_vision_tower"],
            freeze_multi_modal_projector=config["freeze_multi_modal_projector"],
            freeze_language_model=config["freeze_language_model"],
        )
        check_possible(replaying)
    return settings, prepare(settings), replaying


def _whole(
    config: TrainingConfig,
    prepared: tuple[Any, ...],
    versions: Versions,
    gpus: int | None,
    memory: float | None,
    checkpoint: Path | None,
    base: Path | None,
    run_dir: Path | None,
    workers: int | None,
    quiet: bool,
) -> dict[str, Any]:
    """Check, replay, audit checkpoints, and judge everything."""
    from validator.audit.case import training_case, written_at
    from validator.audit.data import data_facts
    from validator.audit.run import finish
    from validator.cli.check import _run
    from validator.engine.options import Options
    from validator.files import locate
    from validator.report.progress import StderrProgress

    settings, rules, replaying = prepared
    folder = run_dir or Path(".mmvalidate") / (locate(settings.folder).resolve().name or "root")
    _run(settings, rules, folder, quiet, Options(workers))
    if replaying is not None:
        run_replay(folder, replaying, quiet=quiet)
    here, missing = _weights(config, checkpoint)
    with StderrProgress(quiet=quiet) as progress:
        checkpoints = _checkpoints(here, base, config, progress, settings.processor)
    dated = written_at(config["tokenized_path"]) is not None
    case = training_case(config, versions, gpus, data_facts(folder, config, dated=dated))
    return finish(folder, case, checkpoints, missing, memory)


def _weights(config: TrainingConfig, checkpoint: Path | None) -> tuple[list[Path], list[str]]:
    """The folders to audit, and the names that are not on this disk."""
    named = [config["model_name_or_path"], *config.names("adapter_name_or_path")] if checkpoint is None else []
    folders = [Path(name) for name in named if name and Path(name).is_dir()]
    return [checkpoint] if checkpoint else folders, [name for name in named if name and not Path(name).is_dir()]


def _checkpoints(
    folders: list[Path],
    base: Path | None,
    config: TrainingConfig | None,
    progress: StderrProgress,
    processor: str | None = None,
) -> list[CheckpointCase]:
    from validator.audit.run import frozen_parts
    from validator.checkpoint.audit import audit as audit_weights
    from validator.checkpoint.record import CheckpointCase
    from validator.tokens.processor import load_processor

    tokens = max(load_processor(processor).encoder.special_tokens.values()) + 1 if processor else 0
    cases = []
    try:
        for folder in folders:
            progress.auditing(folder.name)
            cases.append(CheckpointCase(audit_weights(folder, base, progress.read), frozen_parts(config), tokens))
    except ValueError as error:
        usage(error)
    return cases
