"""CF and CK rules over a case, and their findings put into a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from validator.checkpoint.record import CheckpointCase
from validator.engine.amend import amend, identity_of, load_summary, settings_of
from validator.engine.judge import finding_of
from validator.engine.run import RunResult
from validator.findings import Finding
from validator.rules.registry import later_rules
from validator.settings import Settings
from validator.training.record import TrainingCase

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


def later_findings(folder: Path, training: TrainingCase | None, checkpoints: Sequence[CheckpointCase]) -> list[Finding]:
    """The findings of both families under the settings of a finished run."""
    settings = settings_of(load_summary(folder))
    found = training_findings(training, settings) if training else []
    return found + [finding for case in checkpoints for finding in checkpoint_findings(case, settings)]


def keep(
    folder: Path, training: TrainingCase | None, checkpoints: Sequence[CheckpointCase], addition: dict[str, Any]
) -> RunResult:
    """Put both families of findings into a finished run, and `addition` into its summary. Whoever calls it holds the
    folder since `training` was made of it.
    """
    seen, settings = identity_of(folder), settings_of(load_summary(folder))
    ran = [rule for rule in later_rules("CF", settings) if training]
    ran += [rule for rule in later_rules("CK", settings) if checkpoints]
    findings = later_findings(folder, training, checkpoints)
    return amend(folder, FAMILIES, findings, ran, addition, seen=seen, incomplete=False)
