"""`audit`: data, training configuration and checkpoint together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from validator.api.check import Location
from validator.api.given import check_least, sentences
from validator.api.prepare import prepare
from validator.auditing.case import training_case, written_at
from validator.auditing.data import data_facts
from validator.auditing.run import checkpoints_alone, finish, frozen_parts, precision_of
from validator.checkpoint.audit import audit as audit_weights
from validator.checkpoint.record import CheckpointCase
from validator.engine.run import run
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.findings import count
from validator.report.finished import Finished
from validator.report.formats import write_file
from validator.report.progress import StderrProgress
from validator.run_folder.choose import default_place
from validator.run_folder.lock import hold
from validator.settings import Integrity, Settings
from validator.tokens.processor import load_processor
from validator.training.config import TrainingConfig, check_settings, load_config
from validator.training.family import fed_as
from validator.training.shape import on_disk
from validator.training.versions import Versions, find_versions

Verdict = Literal["GO", "GO WITH WARNINGS", "NO-GO", "UNDECIDED"]


@dataclass(frozen=True, slots=True)
class Audit:
    """An audited run. `page`: everything that was found, as plain data (docs/output.md); `folder`: that of the check of
    its data, None where a checkpoint alone was audited.
    """

    page: dict[str, Any] = field(repr=False)
    folder: Path | None

    def __repr__(self) -> str:
        said = count(len(self.reasons), "reason")
        return f"<mmvalidate audit{f' in {self.folder}' if self.folder else ''}: {self.verdict}, {said}>"

    @property
    def verdict(self) -> Verdict:
        """Whether training may start."""
        verdict: Verdict = self.page["verdict"]
        return verdict

    @property
    def exit_code(self) -> int:
        """That of the command: 0 to start, 1 not to, 3 undecided."""
        return int(self.page["exit_code"])

    @property
    def reasons(self) -> Sequence[Mapping[str, Any]]:
        """The findings that the verdict rests on, the gravest first."""
        reasons: Sequence[Mapping[str, Any]] = self.page["reasons"]
        return reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditJob:
    """What is to be audited. `config`: the training file, None for a checkpoint alone. `memory`: of a GPU, in GiB.
    `replaying`: settings of a replay of the worst rows, None for none.
    """

    config: TrainingConfig | None
    versions: Versions
    checkpoint: str | None = None
    base: str | None = None
    gpus: int | None = None
    memory: float | None = None
    settings: Settings | None = None
    replaying: Any = None


def audit(
    train_config: Location | None = None,
    *,
    checkpoint: str | None = None,
    base: str | None = None,
    versions: str | None = None,
    gpus: int | None = None,
    gpu_memory: float | None = None,
    processor: str | None = None,
    integrity: Integrity = "fast",
    run_dir: Location | None = None,
    execution: Execution | None = None,
    progress: bool = False,
) -> Audit:
    """Judge a LLaMA-Factory training file with its data and checkpoint, or a checkpoint alone. Parameters are those of
    `mmvalidate audit`; nothing is replayed (`replay` does that, on the run in `Audit.folder`).

    Raises ValueError where the training file, or what it names, cannot be read; OSError where results cannot be
    written.
    """
    check_least(1, gpus=gpus, gpu_memory=gpu_memory)
    config = None if train_config is None else load_config(Path(train_config))
    own = {"integrity": integrity} | ({"processor": processor} if processor else {})
    with sentences():
        settings = None if config is None else data_settings(config, **own)
    job = AuditJob(
        config=config,
        versions=find_versions(versions),
        checkpoint=checkpoint,
        base=base,
        gpus=gpus,
        memory=gpu_memory,
        settings=settings,
    )
    check_named(job)
    folder = None if run_dir is None else Path(run_dir)
    with StderrProgress(quiet=not progress) as told:
        if settings is None:
            return checkpoint_alone(job, told)
        folder = folder or default_place(settings.dataset_info, settings.datasets).folder
        return carry_out(job, folder, told, execution)


def check_named(job: AuditJob) -> None:
    """Raise ValueError where nothing is named, or a checkpoint that cannot be there."""
    if job.config is None and job.checkpoint is None:
        raise ValueError("name a training file, or a checkpoint with --checkpoint")
    for option, name in (("--checkpoint", job.checkpoint), ("--base", job.base)):
        is_hub_id = name is not None and name.count("/") == 1 and not name.startswith((".", "/", "~"))
        if name is not None and on_disk(name) is None and not is_hub_id:
            raise ValueError(f"{option} {name}: no such folder, and it is not a hub id (ORGANISATION/NAME).")


def data_settings(config: TrainingConfig, **own: Any) -> Settings:
    """The settings of the check of a training file's data, some of them `own`. Raises ValueError."""
    return Settings(**check_settings(config) | fed_as(config) | own)


def checkpoint_alone(job: AuditJob, progress: StderrProgress) -> Audit:
    """Audit a checkpoint without a training file."""
    return Audit(checkpoints_alone(*_checkpoints(job, [job.checkpoint], progress)), None)


def carry_out(job: AuditJob, folder: Path, progress: StderrProgress, execution: Execution | None = None) -> Audit:
    """Check the data, replay the worst rows where that is asked for, audit checkpoints, and judge everything. The page
    with pictures lies in the run's folder.
    """
    config, settings = job.config, job.settings
    assert config is not None and settings is not None
    with hold(folder, "audit"):
        prepared = prepare(settings)
        run(settings, prepared.registry, prepared.rules, prepared.left_out, folder, progress, execution)
        if job.replaying is not None:
            from validator.replaying.results import keep
            from validator.replaying.run import replay

            checked = FinishedRun(folder)
            keep(checked, replay(checked, job.replaying, progress))
        finished = FinishedRun(folder)
        named = [job.checkpoint] if job.checkpoint else [config["model_name_or_path"]]
        named += [] if job.checkpoint else config.names("adapter_name_or_path")
        checkpoints, missing = _checkpoints(job, named, progress)
        dated = written_at(config["tokenized_path"]) is not None
        data = data_facts(finished, config, dated=dated)
        case = training_case(config, job.versions, job.gpus, data, memory=job.memory)
        asked = bool((job.checkpoint or job.base) and missing)
        page = finish(finished, case, checkpoints, missing, incomplete=asked)
        write_file("html", Finished(folder), folder / "report.html", progress.step)
    return Audit(page, folder)


def _checkpoints(
    job: AuditJob, names: Sequence[str | None], progress: StderrProgress
) -> tuple[list[CheckpointCase], list[str]]:
    """The audited checkpoints, and a sentence on each that was not audited."""
    settings, base = job.settings, job.base
    tokens = max(load_processor(settings.processor).encoder.special_tokens.values()) + 1 if settings else 0
    cases, missing = [], []
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
        cases.append(CheckpointCase(facts, frozen_parts(job.config), tokens, precision_of(job.config)))
    return cases, missing
