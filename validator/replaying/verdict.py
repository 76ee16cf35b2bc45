"""From the steps of a sample to its verdict: a pure function, in the order of the protocol."""

from __future__ import annotations

import math
from dataclasses import dataclass

from validator.facts.replayed import LEFT_OUT, Replayed, Step, Verdict
from validator.replaying.baseline import Baseline, Point, Scores
from validator.replaying.job import Answer
from validator.replaying.population import Member
from validator.replaying.settings import ENOUGH

ALARMS: tuple[Verdict, ...] = (
    "CRASH", "NO_TARGET", "NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER"
)  # fmt: skip
"""Verdicts that accuse a sample."""
LEAST_ERROR, ERROR_FACTOR = 0.25, 8.0
"""A sample is precision-sensitive above max(25 %, 8 x the controls' median) relative gradient error against fp32."""
ENOUGH_LABELS = 4
"""Labels from which a loss above that of guessing counts."""
SAME = 1e-6
"""Relative difference of two losses up to which repeats agree; where controls repeat less well, three times theirs."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What samples are judged by. `baseline` is None on an untrained model, which says nothing of loss and gradient."""

    baseline: Baseline | None = None
    median_error: float | None = None
    repeat_tolerance: float = SAME
    vocabulary: int = 0

    @property
    def error_limit(self) -> float:
        """The relative gradient error above which bf16 is to blame."""
        return max(LEAST_ERROR, ERROR_FACTOR * (self.median_error or 0.0))


@dataclass(frozen=True, slots=True)
class Observed:
    """A sample's steps, sorted out."""

    first: Step
    repeat: Step | None
    reference: Step | None

    @classmethod
    def of(cls, answer: Answer) -> Observed:
        """Sort the steps of an answer by arm."""
        arms = {step.arm: step for step in answer.steps}
        return cls(answer.steps[0], arms.get("repeat"), arms.get("fp32"))

    def agree(self, tolerance: float) -> bool | None:
        """Whether the repeat came to the same end; None without one."""
        if self.repeat is None:
            return None
        one, two = self.first, self.repeat
        if (one.stage, one.finite, one.first_nonfinite) != (two.stage, two.finite, two.first_nonfinite):
            return False
        if one.loss is None or two.loss is None or not math.isfinite(one.loss):
            return True
        return abs(one.loss - two.loss) <= tolerance * max(abs(one.loss), 1e-12)


def point_of(member: Member, step: Step) -> Point | None:
    """The sample as the baseline sees it; None where its step gives no finite loss and gradient."""
    if not step.finite or step.loss is None or not math.isfinite(step.loss) or step.grad_norm is None:
        return None
    return Point(member.modality, member.num_tokens, step.num_label_tokens, step.loss, step.grad_norm)


def judge(member: Member, group: str, answer: Answer, yardstick: Yardstick) -> Replayed:
    """The verdict on one sample, `STATIC_ONLY` and what depends on other samples' verdicts left aside."""
    seen = Observed.of(answer)
    point = point_of(member, seen.first)
    scores = yardstick.baseline.score(point) if yardstick.baseline is not None and point is not None else None
    agree = seen.agree(yardstick.repeat_tolerance)
    limit = LEAST_ERROR if group == "control" else yardstick.error_limit  # controls must not excuse each other
    verdict, why = _verdict(seen, agree, scores, yardstick, limit)
    reference = seen.reference
    return Replayed(
        dataset=member.dataset,
        file=member.file,
        row=member.row,
        sample_id=member.sample_id,
        group=group,  # type: ignore[arg-type]
        modality=member.modality,
        num_tokens=member.num_tokens,
        verdict=verdict,
        why=why,
        step=seen.first,
        agree=agree,
        relative_gradient_error=reference.relative_gradient_error if reference else None,
        gradient_cosine=reference.gradient_cosine if reference else None,
        loss_score=scores.loss if scores else None,
        gradient_score=scores.gradient if scores else None,
        grad_norm_token_normalised=_by_tokens(point, yardstick),
        control_loss=scores.near_loss if scores else None,
        control_grad_norm=scores.near_gradient if scores else None,
        static=member.static,
        disagreement=answer.disagreement,
        risk_score=member.risk,
    )


def _verdict(
    seen: Observed, agree: bool | None, scores: Scores | None, yardstick: Yardstick, error_limit: float
) -> tuple[Verdict, str]:
    step = seen.first
    if step.resource:
        return "RESOURCE", f"memory ran out in the {_where(step)}: {step.exception}"
    if step.timed_out:
        return "INCONCLUSIVE", step.exception or ""
    if step.stage == LEFT_OUT:
        return "INCONCLUSIVE", f"the trainer leaves it out and takes another row: {step.exception}"
    if agree is False:
        return "INCONCLUSIVE", "two runs of the same step came to different ends"
    if step.exception is not None:
        return "CRASH", f"{step.exception} (in the {_where(step)})"
    if step.num_label_tokens == 0:
        return "NO_TARGET", f"no label is left to learn from: the loss is {step.loss}, the gradient is zero"
    if not step.finite:
        return "NON_FINITE", _nonfinite(seen)
    if yardstick.baseline is None:
        return "STABLE", "the step is finite"
    reference = seen.reference
    error = reference.relative_gradient_error if reference else None
    if reference is not None and reference.finite and error is not None and error > error_limit:
        return "PRECISION_SENSITIVE", (
            f"the bf16 gradient is {error:.0%} off the fp32 one (limit {error_limit:.0%}, controls' median "
            f"{yardstick.median_error or 0:.1%})"
        )
    return _statistical(step, scores, yardstick)


def _statistical(step: Step, scores: Scores | None, yardstick: Yardstick) -> tuple[Verdict, str]:
    baseline = yardstick.baseline
    assert step.loss is not None and baseline is not None
    guess = math.log(yardstick.vocabulary) if yardstick.vocabulary else math.inf
    absurd = step.loss > max(guess, scores.loss_ceiling if scores else 0.0) and step.num_label_tokens >= ENOUGH_LABELS
    if scores is None or not scores.judged:
        near = scores.near if scores else 0
        if absurd:
            return "LOSS_OUTLIER", _above_guess(step.loss, guess)
        return "INCONCLUSIVE", f"{near} controls are comparable, {ENOUGH} are needed to judge loss and gradient"
    if (step.grad_norm or 0.0) > scores.bound:
        return "GRAD_SPIKE", (
            f"the gradient is {scores.ratio:.1f} times what is expected for its length and labels "
            f"(score {scores.gradient:.1f}, limit {baseline.gradient_limit:.1f})"
        )
    if step.loss > scores.loss_bound:
        return "LOSS_OUTLIER", (
            f"the loss is {step.loss:.2f} (score {scores.loss:.1f}, limit {baseline.loss_limit:.1f})"
        )
    if absurd:
        return "LOSS_OUTLIER", _above_guess(step.loss, guess)
    return "STABLE", "the step is finite, and loss and gradient are in the range of the controls"


def _above_guess(loss: float, guess: float) -> str:
    return f"the loss is {loss:.2f}, worse than guessing among all tokens ({guess:.2f})"


def _where(step: Step) -> str:
    return {"processor": "image processor", "process": "process"}.get(step.stage, step.stage)


def _nonfinite(seen: Observed) -> str:
    step = seen.first
    where = f"first in {step.first_nonfinite}" if step.first_nonfinite else "in the logits"
    if seen.reference is None:
        return f"NaN or Inf, {where}"
    if seen.reference.finite:
        return f"NaN or Inf, {where}; the same step in fp32 is finite: precision, not range"
    return f"NaN or Inf, {where}; in fp32 as well: bf16 is not to blame"


def _by_tokens(point: Point | None, yardstick: Yardstick) -> float | None:
    if point is None or yardstick.baseline is None:
        return None
    return yardstick.baseline.token_normalised(point.grad_norm, point.num_labels)
