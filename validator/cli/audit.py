"""`mmvalidate audit TRAIN_CONFIG`: is this run safe to start?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from validator.cli.choices import Integrity
from validator.cli.common import guarded, say, usage
from validator.cli.gating import REPORT, files_of
from validator.cli.replaying import DEVICE, PICKLES, check_possible, run_replay, wanted
from validator.cli.training import VERSIONS

if TYPE_CHECKING:
    from validator.checkpoint.record import CheckpointCase
    from validator.training.config import TrainingConfig
    from validator.training.versions import Versions

GPUS = typer.Option(None, "--gpus", help="GPUs (ranks) of the run.", min=1, max=1_000_000, show_default=False)


def audit(
    train_config: Path | None = typer.Argument(None, help="LLaMA-Factory's training file (YAML or JSON)."),
    checkpoint: str | None = typer.Option(None, help="The checkpoint to audit. Default: the training file's, if here."),
    base: str | None = typer.Option(None, help="The checkpoint that it was trained from, to compare with."),
    versions: str | None = VERSIONS,
    gpus: int | None = GPUS,
    gpu_memory: float | None = typer.Option(None, help="Memory of one GPU in GiB.", min=1, show_default=False),
    processor: str | None = typer.Option(None, help="embedded, a folder or a hub id. Default: the model's, if here."),
    integrity: Integrity = typer.Option(Integrity.fast, help="How deep image files are looked into."),
    replay: str = typer.Option(
        "auto", help="Replay the worst rows: off, auto (a GPU and the model are here), a number."
    ),
    allow_pickles: PICKLES = False,
    device: DEVICE = "auto",
    run_dir: Path | None = typer.Option(None, help="Where results are kept. Default: .mmvalidate/<dataset_dir>."),
    workers: int | None = typer.Option(None, help="Processes; 0: one, without Dask.", min=0, show_default=False),
    report: list[str] = REPORT,
    json: bool = typer.Option(False, "--json", help="Print the same as JSON."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Judge data, training configuration and checkpoint together: GO, GO WITH WARNINGS or NO-GO."""
    try:
        from validator.training.config import load_config
        from validator.training.shape import on_disk
        from validator.training.versions import find_versions

        if train_config is None and checkpoint is None:
            raise ValueError("name a training file, or a checkpoint with --checkpoint")
        for option, name in (("--checkpoint", checkpoint), ("--base", base)):
            if name is not None and on_disk(name) is None and not _is_hub_id(name):
                raise ValueError(f"{option} {name}: no such folder, and it is no hub id (ORGANISATION/NAME).")
        config = load_config(train_config) if train_config else None
        chosen = find_versions(versions)
        reports = files_of(report)
        if reports and config is None:
            raise ValueError("--report needs a training file: a checkpoint alone has no run folder to report on.")
        prepared = _prepare(config, processor, integrity.value, replay, device, allow_pickles) if config else None
    except ValueError as error:
        usage(error)

    def work() -> int:
        from validator.report import audited

        if config is None or prepared is None:
            from validator.audit.run import checkpoints_alone

            cases, missing = _checkpoints([checkpoint], base, None, None, quiet)
            page = checkpoints_alone(cases, missing)
        else:
            page = _whole(
                config, prepared, chosen, gpus, gpu_memory, checkpoint, base, run_dir, workers, quiet, reports
            )
        if json:
            import orjson

            sys.stdout.write(orjson.dumps(page, option=orjson.OPT_INDENT_2).decode() + "\n")
        else:
            audited.page(page, sys.stdout)
        return int(page["exit_code"])

    raise typer.Exit(guarded(work, verbose))


def _is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _prepare(
    config: TrainingConfig, processor: str | None, integrity: str, replay: str, device: str, allow_pickles: bool
) -> tuple[Any, ...]:
    """Settings, registry and rules of the check, and the replay's settings or None. Raises ValueError."""
    from validator.cli.check import _prepare as prepare
    from validator.settings import Settings
    from validator.training.config import check_settings
    from validator.training.family import fed_as
    from validator.training.shape import on_disk

    folder = on_disk(config["model_name_or_path"])
    settings = Settings(
        **check_settings(config) | fed_as(config) | ({"processor": processor} if processor else {}),
        integrity=integrity,  # type: ignore[arg-type]  # one of the enum's
    )
    replaying = None
    model = str(folder) if folder else "scale"
    if candidates := wanted(replay, model):
        from validator.replay.settings import ReplaySettings

        replaying = ReplaySettings(
            model=model,
            allow_pickles=allow_pickles,
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
    checkpoint: str | None,
    base: str | None,
    run_dir: Path | None,
    workers: int | None,
    quiet: bool,
    reports: list[tuple[str, Path]],
) -> dict[str, Any]:
    """Check, replay, audit checkpoints, and judge everything."""
    from validator.audit.case import training_case, written_at
    from validator.audit.data import data_facts
    from validator.audit.run import finish
    from validator.cli.check import _run, place_of
    from validator.engine.options import Options
    from validator.report.finished import Finished
    from validator.report.formats import write_file
    from validator.run_folder.lock import hold

    settings, rules, replaying = prepared
    folder = place_of(settings, run_dir)
    with hold(folder, "audit"):
        _run(settings, rules, folder, quiet, Options(workers))
        if replaying is not None:
            run_replay(folder, replaying, quiet=quiet)
        named = [checkpoint] if checkpoint else [config["model_name_or_path"], *config.names("adapter_name_or_path")]
        checkpoints, missing = _checkpoints(named, base, config, settings.processor, quiet)
        dated = written_at(config["tokenized_path"]) is not None
        case = training_case(config, versions, gpus, data_facts(folder, config, dated=dated), memory=memory)
        page = finish(folder, case, checkpoints, missing, incomplete=bool((checkpoint or base) and missing))
        for name, path in [("html", folder / "report.html"), *reports]:
            write_file(name, Finished(folder), path)
    if not quiet:
        say(f"the report with pictures: {folder / 'report.html'}")
    return page


def _checkpoints(
    names: list[str | None], base: str | None, config: TrainingConfig | None, processor: str | None, quiet: bool
) -> tuple[list[CheckpointCase], list[str]]:
    """The audited checkpoints, and a sentence on each that was not audited."""
    from validator.audit.run import frozen_parts, precision_of
    from validator.checkpoint.audit import audit as audit_weights
    from validator.checkpoint.record import CheckpointCase
    from validator.report.progress import StderrProgress
    from validator.tokens.processor import load_processor
    from validator.training.shape import on_disk

    tokens = max(load_processor(processor).encoder.special_tokens.values()) + 1 if processor else 0
    cases, missing = [], []
    with StderrProgress(quiet=quiet) as progress:
        for name in filter(None, names):
            folder = on_disk(name)
            if folder is None or (base is not None and on_disk(base) is None):
                against = "" if folder is None else f" against {base}"
                missing.append(f"{name}{against}: not audited, it is not on this disk")
                continue
            progress.auditing(name)
            try:
                facts = audit_weights(folder, on_disk(base), progress.read)
            except ValueError as error:
                missing.append(f"{name}: not audited, {error}")
                continue
            cases.append(CheckpointCase(facts, frozen_parts(config), tokens, precision_of(config)))
    return cases, missing
