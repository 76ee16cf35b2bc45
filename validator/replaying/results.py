"""A replay's place in the run folder: replay.parquet, RP findings among the findings, a part of the summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from validator.engine.execution.judge import finding_of
from validator.engine.run_files.amend import amend
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.result import RunResult
from validator.facts.replayed import LOUDER, Replayed
from validator.findings import Finding
from validator.replaying import table
from validator.replaying.comparison import SIDES
from validator.replaying.paired import LEAST, SEEDS, STEPS
from validator.replaying.remedies import STATISTICAL, place
from validator.replaying.run import Outcome
from validator.replaying.trial import teachers
from validator.replaying.verdict import ALARMS
from validator.rules.base import Rule
from validator.rules.registry import replay_rules
from validator.run_folder.lock import hold


def keep(run: FinishedRun, outcome: Outcome) -> RunResult:
    """Write what a replay of a run found into its folder. Raises ChangedRunError where that holds another by now."""
    with hold(run.folder, "replay"):
        run.check_same()
        table.write(run.folder, outcome.samples)
        rules, found = replay_rules(run.settings), {"replay": _summary(outcome)}
        return amend(run, "RP", findings(outcome, rules), rules, found)


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
        "not_judged": list(STATISTICAL) if baseline is None else [],
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
        "remedies": _remedies(outcome.samples),
        "k_step": _k_step(outcome) if outcome.settings.k_step else None,
        "comparison": _comparison(outcome) if outcome.comparison is not None else None,
        "confirmed": [_block(sample) for sample in outcome.samples if _confirmed(sample)][:CONFIRMED],
    }


CONFIRMED = 50
"""Samples that the summary holds in full; all are in replay.parquet."""


def _remedies(samples: Sequence[Replayed]) -> list[dict[str, Any]]:
    """What each remedy did, by the verdict that it was tried on: tried, helps, worse (a larger part of the step)."""
    table: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sample in samples:
        for remedy in sample.remedies:
            counts = table[remedy.name, sample.own_verdict]
            counts["tried"] += remedy.verdict is not None
            counts["helps"] += remedy.helps
            counts["worse"] += remedy.pull is not None and remedy.pull > LOUDER
    return [
        {"remedy": name, "verdict": verdict, **{word: counts[word] for word in ("tried", "helps", "worse")}}
        for (name, verdict), counts in sorted(table.items(), key=lambda item: (place(item[0][0]), item[0]))
    ]


def _k_step(outcome: Outcome) -> dict[str, int]:
    """How the steps of training were made, and on how many samples."""
    return {
        "seeds": SEEDS,
        "steps": STEPS,
        "controls": len(teachers(outcome.of("control"))),
        "controls_needed": LEAST,
        "samples": sum(bool(sample.drifts) for sample in outcome.samples),
    }


def _comparison(outcome: Outcome) -> dict[str, Any]:
    """The two checkpoints, and the samples that break on the model alone."""
    comparison = outcome.comparison
    assert comparison is not None
    alone = [sample for sample in outcome.samples if sample.difference is not None]
    return {
        "reference": outcome.settings.reference_model,
        "table": {group: {name: counts.get(name, 0) for name in SIDES} for group, counts in comparison.table.items()},
        "verdicts": [
            {"model": here, "reference": there, "samples": number}
            for (here, there), number in sorted(comparison.verdicts.items())
        ],
        "systemic": [f"{item.modality}: {item.failure}" for item in comparison.systemic],
        "differences": None
        if comparison.differences is None
        else [f"{item.name} {item.what}" for item in comparison.differences],
        "only_on_the_model": [
            {
                "dataset": sample.dataset,
                "file": sample.file,
                "row": sample.row,
                "group": sample.group,
                "verdict": sample.own_verdict,
                "reference_verdict": sample.reference_verdict,
                "difference": sample.difference,
            }
            for sample in alone[:CONFIRMED]
        ],
    }


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
        "remedies": [asdict(remedy) for remedy in sample.remedies],
        "drifts": [asdict(drift) | {"words": str(drift)} for drift in sample.drifts],
        "reference_verdict": sample.reference_verdict,
        "difference": sample.difference,
        "static": list(sample.static),
        "ladder": sample.ladder,
    }
