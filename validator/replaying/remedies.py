"""Changes to training, tried on one sample: what each does to its verdict. Pure functions on steps that were run.

The order is that of cost to the training: clipping costs nothing, another checkpoint costs a stage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from validator.facts.replayed import Drift, Remedy, Replayed, Step, Verdict, Weighting, Window
from validator.replaying.baseline import LEAST_RATIO, Scores
from validator.replaying.job import Answer
from validator.replaying.population import Member
from validator.replaying.verdict import Yardstick, judge, point_of

CLIP, TOKENS, PAIRS, SLOWER = "clip 1.0", "token-normalised loss", "batch 2 x accumulation 2", "learning rate / 10"
ATTENTION, PIXELS, CUTOFF, LONGER = "other attention", "image_max_pixels halved", "cutoff halved", "cutoff doubled"
FULL, BASE = "fp32", "reference model"
AS_CONFIGURED = "as configured"
COURSES = (AS_CONFIGURED, CLIP, TOKENS, PAIRS, SLOWER)
"""What a few steps of training are made with, where that is asked for."""
ORDER = (CLIP, TOKENS, PAIRS, SLOWER, ATTENTION, PIXELS, CUTOFF, LONGER, FULL, BASE)
STATISTICAL: tuple[Verdict, ...] = ("PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER")
_CALM: tuple[Verdict, ...] = ("STABLE", "STATIC_ONLY")
_WEIGHTINGS: dict[str, Weighting] = {CLIP: "mean", TOKENS: "tokens", PAIRS: "pairs"}
_WINDOW = 4
"""Samples in an optimizer step."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was run for one sample. `answer`: under the arms that leave the sample as it is, `attention` is the one of
    them with another attention. `changed`: the sample under other limits by remedy; None where they leave it as it is.
    """

    member: Member
    answer: Answer
    attention: str
    changed: Mapping[str, tuple[Member, Answer] | None] = field(default_factory=dict)


def outcomes(sample: Replayed, tried: Tried, yardstick: Yardstick) -> tuple[Remedy, ...]:
    """Every remedy's outcome but the reference model's, in order."""
    bench = _Bench(sample, tried, yardstick)
    return tuple(remedy for name in ORDER if (remedy := bench.outcome(name)) is not None)


def on_reference(sample: Replayed, there: Replayed) -> Remedy:
    """The outcome of taking the reference model."""
    finite = there.step is not None and there.step.finite and there.agree is not False
    verdict = there.own_verdict
    return Remedy(BASE, verdict, _helps(sample.own_verdict, verdict, finite=finite), there.why)


def trained(sample: Replayed, drifts: tuple[Drift, ...]) -> Replayed:
    """A sample with what a few steps of training on it do; of a smaller learning rate the outcome is measured then."""
    found = {drift.name: drift for drift in drifts}
    remedies = tuple(
        _slower(remedy, found) if remedy.name == SLOWER and SLOWER in found else remedy for remedy in sample.remedies
    )
    return replace(sample, drifts=drifts, remedies=remedies, remedy=first_that_helps(remedies))


def _slower(remedy: Remedy, found: Mapping[str, Drift]) -> Remedy:
    """It helps where the sample raises the loss on others as configured, and no longer with it."""
    helps = found[AS_CONFIGURED].destabilises and not found[SLOWER].destabilises
    return replace(remedy, helps=helps, measured=True, effect=f"loss on other rows {found[SLOWER]}")


def place(name: str) -> int:
    """The place of a remedy in the order of cost; other attention goes by the name of the one that was tried."""
    return ORDER.index(name) if name in ORDER else ORDER.index(ATTENTION)


def first_that_helps(remedies: tuple[Remedy, ...]) -> str | None:
    """The cheapest change under which no alarm is left."""
    return next((remedy.name for remedy in remedies if remedy.helps), None)


def _helps(before: Verdict, after: Verdict, *, finite: bool) -> bool:
    """Whether an alarm is gone. Where the step failed, it is gone with one that is finite but has no controls near."""
    return after in _CALM or (before not in STATISTICAL and after == "INCONCLUSIVE" and finite)


class _Bench:
    """One sample, all remedies."""

    def __init__(self, sample: Replayed, tried: Tried, yardstick: Yardstick) -> None:
        self.sample, self.tried, self.yardstick = sample, tried, yardstick
        self.verdict = sample.own_verdict
        self.steps = {step.arm: step for step in tried.answer.steps}
        self.windows = {window.weighting: window for window in tried.answer.windows}

    def outcome(self, name: str) -> Remedy | None:
        """What one remedy does; None where it was not asked for."""
        if name in _WEIGHTINGS:
            return self._weighted(name)
        if name == SLOWER:
            return self._stays(name, "the gradient does not depend on it, only how far each step goes")
        if name == ATTENTION:
            return self._run(f"{self.tried.attention} attention", self.tried.attention)
        if name == FULL:
            return self._run(FULL, FULL)
        return self._changed(name) if name in self.tried.changed else None

    def _weighted(self, name: str) -> Remedy:
        """Another weight of the sample in its step, or another length of the step."""
        if name == PAIRS and (paired := self._paired()) is not None:
            return paired
        window = self.windows.get(_WEIGHTINGS[name])
        if self.verdict == "NO_TARGET":
            words = "the row teaches nothing either way" if name == CLIP else "the NaN no longer shows in the loss, and"
            return self._stays(name, words if name == CLIP else f"{words} the row still teaches nothing")
        if self.verdict in ("CRASH", "RESOURCE"):
            return self._stays(name, "the step does not come so far")
        if self.verdict == "NON_FINITE":
            if window is None:
                return self._stays(name, "NaN times any number is NaN")
            return self._stays(name, f"the gradient of the step has the norm {window.total:.3g}", measured=True)
        if self.verdict == "PRECISION_SENSITIVE":
            return self._stays(name, "it scales the gradient, errors and all")
        return self._pulled(name, window)

    def _pulled(self, name: str, window: Window | None) -> Remedy:
        """Spikes and outliers of the loss: how much of the step is the sample's."""
        norm = self.sample.step.grad_norm if self.sample.step is not None else None
        if window is None or norm is None or norm <= 0:
            return Remedy(name, None, False, "not tried: too few healthy controls to share a step with")
        scale = _clipped(window.total) / _clipped(window.null) if name == CLIP else 1.0
        counts = _WINDOW * window.share * scale  # as a gradient norm: what a micro-batch of its own would have
        pull = counts / norm
        effect = f"it counts as a gradient of {counts:.3g} instead of {norm:.3g}"
        if self.verdict == "LOSS_OUTLIER":
            return Remedy(name, self.verdict, False, f"{effect}; the answer stays what it is", pull=pull)
        if counts > self._limit():
            return Remedy(name, self.verdict, False, effect, pull=pull)
        verdict: Verdict = "LOSS_OUTLIER" if self._odd() else "STABLE"
        return Remedy(name, verdict, _helps(self.verdict, verdict, finite=True), effect, pull=pull)

    def _limit(self) -> float:
        """The gradient that is too much: for a sample of its kind, and for a step of typical samples."""
        baseline, scores = self.yardstick.baseline, self._scores()
        assert baseline is not None
        return min(scores.bound if scores is not None else math.inf, LEAST_RATIO * baseline.typical_gradient)

    def _odd(self) -> bool:
        """Whether the loss alone would be an alarm."""
        step, scores = self.sample.step, self._scores()
        return step is not None and step.loss is not None and scores is not None and step.loss > scores.loss_bound

    def _scores(self) -> Scores | None:
        baseline, step = self.yardstick.baseline, self.sample.step
        point = point_of(self.tried.member, step) if step is not None else None
        return baseline.score(point) if baseline is not None and point is not None else None

    def _paired(self) -> Remedy | None:
        """In a micro-batch with a control, where what happens there is not a matter of weight."""
        step = self.steps.get("padded")
        if step is None or self.verdict in ("NO_TARGET", "GRAD_SPIKE", "LOSS_OUTLIER"):
            return None
        if self.verdict == "PRECISION_SENSITIVE":
            full = self.steps.get("padded_fp32")
            error = full.relative_gradient_error if full is not None else None
            if not step.finite or error is None:
                return None
            verdict: Verdict = self.verdict if error > self.yardstick.error_limit else "STABLE"
            return Remedy(PAIRS, verdict, verdict == "STABLE", f"the bf16 gradient of the pair is {error:.0%} off fp32")
        verdict, effect = _of(step)
        return Remedy(PAIRS, verdict, _helps(self.verdict, verdict, finite=step.finite), effect)

    def _run(self, name: str, arm: str) -> Remedy:
        """The same batch under another arm."""
        step = self.steps.get(arm)
        if step is None:
            return self._stays(name, "the step does not come so far")
        if arm == FULL and self.verdict == "PRECISION_SENSITIVE":
            verdict: Verdict = "STABLE" if step.finite else "NON_FINITE"
            return Remedy(name, verdict, step.finite, "it is the reference that bf16 misses")
        full = self.steps.get(FULL)
        seen = [step]
        if arm != FULL and full is not None:
            seen.append(replace(full, relative_gradient_error=step.relative_gradient_error))
        return self._judged(name, self.tried.member, Answer(tuple(seen)))

    def _changed(self, name: str) -> Remedy:
        """The sample under other limits."""
        changed = self.tried.changed[name]
        if changed is None:
            return self._stays(name, "it leaves the sample as it is")
        member, answer = changed
        return self._judged(
            name, member, answer, f"{member.num_tokens:,} tokens instead of {self.sample.num_tokens:,}: "
        )

    def _judged(self, name: str, member: Member, answer: Answer, prefix: str = "") -> Remedy:
        found = judge(member, "candidate", answer, self.yardstick)
        helps = _helps(self.verdict, found.verdict, finite=answer.steps[0].finite)
        return Remedy(name, found.verdict, helps, prefix + found.why)

    def _stays(self, name: str, effect: str, *, measured: bool = False) -> Remedy:
        return Remedy(name, self.verdict, False, effect, measured)


def _of(step: Step) -> tuple[Verdict, str]:
    """The verdict on a pair whose step fails or does not."""
    if step.resource:
        return "RESOURCE", f"memory ran out: {step.exception}"
    if step.exception is not None:
        return "CRASH", step.exception
    if not step.finite:
        return "NON_FINITE", f"NaN or Inf, first in {step.first_nonfinite or 'the logits'}"
    return "STABLE", "the step of the pair is finite"


def _clipped(norm: float) -> float:
    """What clipping to 1.0 leaves of a gradient."""
    return 1.0 if norm <= 1 else 1 / norm
