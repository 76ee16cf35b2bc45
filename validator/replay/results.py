"""A replay's place in the run folder: replay.parquet, RP findings among the findings, a part of the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from validator.engine.amend import amend, load_summary, settings_of
from validator.engine.judge import finding_of
from validator.engine.run import RunResult
from validator.facts.replayed import Replayed
from validator.findings import Finding
from validator.replay import table
from validator.replay.run import Outcome
from validator.rules.base import Rule
from validator.rules.registry import replay_rules

ALARMS = ("CRASH", "NO_TARGET", "NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER")
"""Verdicts that accuse a sample."""
NOT_ON_SCALE = ("PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER")


def keep(folder: Path, outcome: Outcome) -> RunResult:
    """Write what a replay found into the folder of its run."""
    table.write(folder, outcome.samples)
    rules = replay_rules(settings_of(load_summary(folder)))
    return amend(folder, "RP", findings(outcome, rules), rules, {"replay": _summary(outcome)}, incomplete=False)


def findings(outcome: Outcome, rules: Sequence[Rule]) -> list[Finding]:
    """The findings of the RP rules, in order. Controls get none: what befalls them is `controls-fail`."""
    found = [
        finding_of(rule, hit, sample.dataset, sample.file, sample.row, sample.sample_id)
        for sample in outcome.samples
        for rule in rules
        if rule.replay is not None and (sample.group != "control" or rule.code == "RP009")
        for hit in rule.replay(sample)
    ]
    found += [
        finding_of(rule, hit, dataset, None, None, None)
        for item in outcome.systemic
        for rule in rules
        if rule.systemic is not None
        for dataset in item.datasets
        for hit in rule.systemic(item)
    ]
    return sorted(found, key=Finding.order)


def _summary(outcome: Outcome) -> dict[str, Any]:
    ready, yardstick = outcome.ready, outcome.yardstick
    blind = outcome.of("blind")
    baseline = yardstick.baseline
    return {
        "settings": outcome.settings.model_dump(mode="json"),
        "device": ready.device_name,
        "processor": ready.processor,
        "attention": ready.attention,
        "model": {
            "class": ready.model,
            "parameters": ready.parameters,
            "trainable": ready.trainable,
            "weights": ready.weights,
        },
        "versions": ready.versions,
        "verdict": "SYSTEMIC" if outcome.systemic else None,
        "systemic": [asdict(item) for item in outcome.systemic],
        "verdicts": {group: _count(outcome.of(group)) for group in ("candidate", "control", "blind")},
        "stop_before_the_model": sum(map(_stops_before, outcome.samples)),
        "eligible_controls": outcome.choice.eligible,
        "false_alarms": {"blind": len(blind), "alarms": sum(sample.verdict in ALARMS for sample in blind)},
        "not_judged": list(NOT_ON_SCALE) if baseline is None else [],
        "thresholds": None
        if baseline is None
        else {
            "gradient_score": baseline.gradient_limit,
            "loss_score": baseline.loss_limit,
            "relative_gradient_error": yardstick.error_limit,
            "median_relative_gradient_error": yardstick.median_error,
            "controls": baseline.number,
        },
        "repeat_tolerance": yardstick.repeat_tolerance,
        "confirmed": [_block(sample) for sample in outcome.samples if _confirmed(sample)][:CONFIRMED],
    }


CONFIRMED = 50
"""Samples that the summary holds in full; all are in replay.parquet."""


def _confirmed(sample: Replayed) -> bool:
    return sample.group != "control" and sample.verdict in (*ALARMS, "RESOURCE") and not _stops_before(sample)


def _stops_before(sample: Replayed) -> bool:
    """Whether preprocessing stops at it, so that the static findings say all there is to say."""
    return sample.step is not None and sample.step.stage == "preprocessing"


def _count(samples: Sequence[Replayed]) -> dict[str, int]:
    return dict(sorted(Counter(sample.verdict for sample in samples).items()))


def _block(sample: Replayed) -> dict[str, Any]:
    step = sample.step
    return {
        "dataset": sample.dataset,
        "file": sample.file,
        "row": sample.row,
        "group": sample.group,
        "verdict": sample.verdict,
        "why": sample.why,
        "stage": step.stage if step else None,
        "first_nonfinite": step.first_nonfinite if step else None,
        "loss": step.loss if step else None,
        "grad_norm": step.grad_norm if step else None,
        "grad_norm_token_normalised": sample.grad_norm_token_normalised,
        "max_activation": step.max_activation if step else None,
        "control_loss": str(sample.control_loss) if sample.control_loss else None,
        "control_grad_norm": str(sample.control_grad_norm) if sample.control_grad_norm else None,
        "relative_gradient_error": sample.relative_gradient_error,
        "remedy": sample.remedy,
        "static": list(sample.static),
        "ladder": sample.ladder,
    }
