"""`check`, `rejudge` and `replay`: what makes a finished run, or changes it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from validator.api.given import changed, check_names, sentences
from validator.api.prepare import prepare, witness
from validator.api.run import Run
from validator.auditing.case import training_case
from validator.auditing.data import data_facts
from validator.auditing.judge import keep as keep_training
from validator.catalog.yaml_registry import is_training_file
from validator.engine.rejudge import rejudge as judge_again
from validator.engine.rejudge import settings_of
from validator.engine.run import run
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.report.progress import StderrProgress
from validator.run_folder.choose import default_place
from validator.run_folder.lock import hold
from validator.settings import Settings
from validator.training.config import check_settings, load_config
from validator.training.family import fed_as
from validator.training.versions import find_versions

Location = str | os.PathLike[str]


def check(
    dataset_info: Location | Settings,
    *,
    run_dir: Location | None = None,
    execution: Execution | None = None,
    progress: bool = False,
    **settings: Any,
) -> Run:
    """Check the data sets of a registry as the trainer would read them, and keep the run.

    `dataset_info`: the registry or its folder, with further `settings` by their names in `Settings`; all of them in one
    object; or a training file of LLaMA-Factory (train.yaml), whose settings hold and whose configuration is judged.
    `run_dir`: the run's folder; by default `.mmvalidate/NAME` as for the command. `progress`: on stderr. No settings
    file is read. Warns of settings for entries that the registry does not have.

    Raises ValueError where something cannot be as it is asked for, OSError where results cannot be written, BusyError
    where another command is writing there, RuleError where a rule of the caller's own fails.
    """
    check_names(settings, Settings.model_fields, Execution.model_fields)
    config = None
    with sentences():
        if isinstance(dataset_info, Settings):
            chosen = Settings(**changed(dataset_info, settings)) if settings else dataset_info
        elif is_training_file(os.fspath(dataset_info)):
            config = load_config(Path(dataset_info))
            chosen = Settings(**check_settings(config) | fed_as(config) | settings)
        else:
            chosen = Settings(dataset_info=os.fspath(dataset_info), **settings)
    carried = execution or Execution()
    if chosen.exact:
        carried = carried.model_copy(update={"witness": witness(chosen.profile)})
    prepared = prepare(chosen)
    for note in prepared.notes:
        warnings.warn(note, stacklevel=2)
    folder = default_place(chosen.dataset_info, chosen.datasets).folder if run_dir is None else Path(run_dir)
    with hold(folder, "check"):
        with StderrProgress(quiet=not progress) as told:
            run(chosen, prepared.registry, prepared.rules, prepared.left_out, folder, told, carried)
        if config is not None:
            finished = FinishedRun(folder)
            case = training_case(config, find_versions(), data=data_facts(finished, config))
            keep_training(finished, case, [], {})
        return Run(folder)


def rejudge(
    run: Run | Location,
    *,
    run_dir: Location | None = None,
    execution: Execution | None = None,
    progress: bool = False,
    **changes: Any,
) -> Run:
    """Judge a finished run again with some settings changed: no file of the data is opened. `run_dir`: where the result
    is kept; by default the run's own folder.

    Raises ValueError where a setting needs the data to be read again, or where the run was judged by files of rules and
    `rules` does not say by which now (`()` for none): a run is data, and code that it names is not run unasked.
    UnusableRunError where the run is damaged, otherwise as `check`.
    """
    check_names(changes, Settings.model_fields, Execution.model_fields)
    finished = FinishedRun.whole(folder_of(run))
    with sentences():
        settings = settings_of(finished, changes)
    target = finished.folder if run_dir is None else Path(run_dir)
    with StderrProgress(quiet=not progress) as told:
        judge_again(finished, settings, target, told, execution)
    return Run(target)


def replay(run: Run | Location, *, progress: bool = False, **settings: Any) -> Run:
    """Replay the worst rows of a finished run beside healthy ones, and keep the verdicts in it. `settings` are those of
    `mmvalidate replay`: `model`, `candidates`, `controls` ...

    Raises ValueError where it cannot work here (without torch, say), ReplayStartError where the model does not come up,
    BusyError where another command is writing there.
    """
    from validator.replaying.possible import check_possible
    from validator.replaying.results import keep
    from validator.replaying.run import replay as replay_rows
    from validator.replaying.settings import ReplaySettings

    check_names(settings, ReplaySettings.model_fields)
    with sentences():
        chosen = ReplaySettings(**settings)
    check_possible(chosen)
    folder = folder_of(run)
    finished = FinishedRun.whole(folder)
    with hold(folder, "replay"):
        with StderrProgress(quiet=not progress) as told:
            outcome = replay_rows(finished, chosen, told)
        keep(finished, outcome)
    return Run(folder)


def open_run(folder: Location) -> Run:
    """A finished run. Raises UnusableRunError where the folder holds none of this version, or a damaged one."""
    return Run(Path(folder))


def folder_of(run: Run | Location) -> Path:
    """The folder of a run, or the one that is named."""
    return run.folder if isinstance(run, Run) else Path(run)
