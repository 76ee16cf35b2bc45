"""From the controls' steps to what samples are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from validator.replaying.baseline import Baseline
from validator.replaying.job import Answer, Key
from validator.replaying.population import Member
from validator.replaying.verdict import SAME, Yardstick, point_of

REFERENCED = 32
"""Controls that are also run in fp32 and twice, for the usual gradient error and the usual difference of repeats."""


def referenced(controls: Sequence[Member]) -> set[Key]:
    """The controls that are run in fp32 too: evenly spread over all."""
    step = max(1, len(controls) // REFERENCED)
    return {member.key for member in controls[::step][:REFERENCED]}


def yardstick_of(
    controls: Sequence[Member], answers: Mapping[Key, Answer], vocabulary: int, *, statistical: bool
) -> Yardstick:
    """Thresholds from the controls' answers. `statistical`: loss and gradient mean something on this model."""
    tolerance = max(SAME, 3.0 * max((_apart(answers[member.key]) for member in controls), default=0.0))
    if not statistical:
        return Yardstick(repeat_tolerance=tolerance, vocabulary=vocabulary)
    errors = [
        step.relative_gradient_error
        for member in controls
        for step in answers[member.key].steps
        if step.arm == "fp32" and step.relative_gradient_error is not None
    ]
    points = [point_of(member, answers[member.key].steps[0]) for member in controls]
    baseline = Baseline([point for point in points if point is not None])
    return Yardstick(baseline, float(np.median(errors)) if errors else None, tolerance, vocabulary)


def _apart(answer: Answer) -> float:
    """The relative difference of the losses of a step and its repeat."""
    losses = {step.arm: step.loss for step in answer.steps if step.finite}
    one, two = losses.get("bf16"), losses.get("repeat")
    return abs(one - two) / max(abs(one), 1e-12) if one is not None and two is not None else 0.0
