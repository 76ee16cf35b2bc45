"""CF and CK rules over a case, and their findings put into a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from validator.checkpoint.record import CheckpointCase
from validator.engine.execution.judge import finding_of
from validator.engine.run_files.amend import amend
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.result import RunResult
from validator.findings import Finding
from validator.rules.registry import later_rules
from validator.settings import Settings
from validator.training.axolotl_config import AxolotlCase
from validator.training.record import TrainingCase
from validator.training.trl_config import TrlCase

FAMILIES = ("CF", "CK")


def training_findings(case: TrainingCase, settings: Settings | None = None) -> list[Finding]:
    """The findings of the CF rules, under the name of the training file."""
    return [
        finding_of(rule, hit, case.config.name, None, None, None)
        for rule in later_rules("CF", settings)
        if rule.training is not None
        for hit in rule.training(case)
    ]


def checkpoint_findings(case: CheckpointCase, settings: Settings | None = None) -> list[Finding]:
    """The findings of the CK rules, under the name of the checkpoint's folder."""
    name = Path(case.facts.folder).absolute().name or case.facts.folder
    return [
        finding_of(rule, hit, name, None, None, None)
        for rule in later_rules("CK", settings)
        if rule.checkpoint is not None
        for hit in rule.checkpoint(case)
    ]


def later_findings(
    run: FinishedRun, training: TrainingCase | None, checkpoints: Sequence[CheckpointCase]
) -> list[Finding]:
    """The findings of both families under the settings of a finished run."""
    found = training_findings(training, run.settings) if training else []
    return found + [finding for case in checkpoints for finding in checkpoint_findings(case, run.settings)]


def keep(
    run: FinishedRun, training: TrainingCase | None, checkpoints: Sequence[CheckpointCase], addition: dict[str, Any]
) -> RunResult:
    """Put both families of findings into the finished run that `training` was made of, and `addition` into its summary.
    Raises ChangedRunError where its folder holds another by now.
    """
    ran = [rule for rule in later_rules("CF", run.settings) if training]
    ran += [rule for rule in later_rules("CK", run.settings) if checkpoints]
    return amend(run, FAMILIES, later_findings(run, training, checkpoints), ran, addition)


def keep_of_file(run: FinishedRun, case: TrlCase | AxolotlCase) -> RunResult:
    """Put the findings on the training file of the run's trainer, under its name, into the finished run of its data.
    Raises ChangedRunError where the folder holds another run by now.
    """
    rules = [rule for rule in later_rules("CF", run.settings) if rule.own_file is not None]
    found = [
        finding_of(rule, hit, case.config.name, None, None, None)
        for rule in rules
        if rule.own_file is not None
        for hit in rule.own_file(case)
    ]
    return amend(run, ("CF",), found, rules, {})
