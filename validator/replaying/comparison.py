"""The same samples on two checkpoints: which break only on the first, and what in it differs where they break."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from validator.facts.replayed import Replayed, Step, Systemic, Verdict
from validator.replaying.choice import Selection
from validator.replaying.remedies import first_that_helps, on_reference
from validator.replaying.session import Judged, Session
from validator.replaying.systemic import climbed, culprit
from validator.replaying.verdict import ALARMS, LEAST_ERROR
from validator.replaying.weights import Difference, Weights, at, differences, in_words

Side = Literal["breaks on both", "only on the model", "only on the reference", "on neither", "not known"]
SIDES: tuple[Side, ...] = ("only on the model", "breaks on both", "only on the reference", "on neither", "not known")
NAMED = 10
"""Differences between the checkpoints that are named for the run."""


@dataclass(frozen=True, slots=True)
class CheckpointComparison:
    """Two checkpoints. `table`: samples by group and side. `verdicts`: (verdict here, verdict there) -> samples.

    `differences`: the largest between the checkpoints; None where the weights could not be read.
    """

    table: Mapping[str, Mapping[Side, int]]
    verdicts: Mapping[tuple[Verdict, Verdict], int]
    differences: tuple[Difference, ...] | None
    systemic: tuple[Systemic, ...]
    """Controls that fail on the reference."""


def compare(
    mine: Judged, reference: Session, choice: Selection, weights: Weights | None, others: Weights | None
) -> tuple[tuple[Replayed, ...], tuple[Systemic, ...], CheckpointComparison]:
    """Replay the same samples on the reference, and say of each what became of it there."""
    theirs = reference.run(choice, thorough=False)
    there = {sample.key: sample for sample in theirs.samples}
    found = None if weights is None or others is None else differences(weights, others)
    samples = tuple(_beside(sample, there[sample.key], found) for sample in mine.samples)
    systemic = tuple(_probed(item, reference) for item in mine.systemic)
    table: dict[str, Counter[Side]] = {group: Counter() for group in ("candidate", "control", "blind")}
    for sample in samples:
        table[sample.group][side(sample, there[sample.key])] += 1
    verdicts = Counter((sample.own_verdict, there[sample.key].own_verdict) for sample in samples)
    named = None if found is None else tuple(found[:NAMED])
    return samples, systemic, CheckpointComparison(table, verdicts, named, theirs.systemic)


def side(here: Replayed, there: Replayed) -> Side:
    """On which of two models a sample breaks. What only a comparison with controls shows is not known without them."""
    both = {here.own_verdict, there.own_verdict}
    outlier = bool(both & {"GRAD_SPIKE", "LOSS_OUTLIER"})
    mine, other = _breaks(here, outlier), _breaks(there, outlier)
    if mine is None or other is None:
        return "not known"
    if mine:
        return "breaks on both" if other else "only on the model"
    return "only on the reference" if other else "on neither"


def _breaks(sample: Replayed, outlier: bool) -> bool | None:
    """Whether it breaks; a finite step without controls near it breaks nothing unless outliers are the question."""
    verdict = sample.own_verdict
    if verdict == "INCONCLUSIVE":
        finite = sample.step is not None and sample.step.finite and sample.agree is not False
        return False if finite and not outlier else None
    return None if verdict == "RESOURCE" else verdict in ALARMS


def _beside(sample: Replayed, other: Replayed, found: list[Difference] | None) -> Replayed:
    verdict = other.own_verdict
    sample = replace(sample, reference_verdict=verdict)
    if side(sample, other) == "only on the model" and found is not None:
        sample = replace(sample, difference=in_words(_where(sample, other, found)))
    if sample.remedies:
        remedies = (*sample.remedies, on_reference(sample, other))
        sample = replace(sample, remedies=remedies, remedy=first_that_helps(remedies))
    return sample


def _where(sample: Replayed, other: Replayed, found: list[Difference]) -> list[Difference]:
    """The differences where a sample breaks: at the first module that is not finite; in attention where bf16 is not
    enough, which neither loss nor activations show; else in the block whose activations grew most.
    """
    step = sample.step
    if sample.own_verdict == "PRECISION_SENSITIVE":
        attention = [item for item in found if item.name.endswith(".self_attn")]
        if attention:
            return attention[:3]
    if step is not None and step.first_nonfinite is not None:
        return at(step.first_nonfinite.removeprefix("gradient of "), found)
    return at(grown_most(step, other.step), found)


def grown_most(here: Step | None, there: Step | None) -> str | None:
    """The block whose largest activation grew most against the reference."""
    if here is None or there is None:
        return None
    growth = {
        name: size / there.activations[name]
        for name, size in here.activations.items()
        if there.activations.get(name) and math.isfinite(size)
    }
    return max(growth, key=lambda name: growth[name], default=None)


def _probed(item: Systemic, reference: Session) -> Systemic:
    """What becomes of failing controls on the reference model: finite, and in fp32 close to it?"""
    outcome = climbed([answer.steps for answer in reference.probe(item.probed).values()], LEAST_ERROR)
    there = outcome["fp32"] if outcome.get("bf16") == "finite" and "fp32" in outcome else outcome["bf16"]
    ladder = {**item.ladder, "reference": there}
    return replace(item, ladder=ladder, culprit=culprit(item.failure, ladder))
