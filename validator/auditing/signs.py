"""Signs of a run that goes wrong, in what it has logged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from validator.auditing.logs import LogPoint

EARLY, LEAST = 0.1, 10
"""The share of logged steps that the band is taken from, and how many at least."""
MOST_EARLY = 100
WIDTH, FACTOR, SUSTAINED = 6.0, 10.0, 3
"""A gradient norm has left its band above median + WIDTH robust deviations (of logarithms) and FACTOR times the median;
it counts when SUSTAINED logged steps do so in a row.
"""
LARGEST = 709.0
"""Logarithm of about the largest float."""
FLAT, PLATEAU = 0.1, 5
"""Logged steps in a row whose loss is this near to ln V."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: `after` and `step` are the logged steps between which it began, `step` included."""

    kind: str
    after: int
    step: int
    message: str
    help: str


def signs(points: Sequence[LogPoint], words: int | None) -> list[Sign]:
    """What is wrong, first things first. `words` are the rows of the model's embedding."""
    found = [*_not_finite(points), *_gradients(points), *_plateau(points, words)]
    return sorted(found, key=lambda sign: (sign.step, sign.kind))


def _before(points: Sequence[LogPoint], index: int) -> int:
    return points[index - 1].step if index else 0


def _not_finite(points: Sequence[LogPoint]) -> Iterator[Sign]:
    for index, point in enumerate(points):
        loss, norm = point.loss, point.grad_norm
        bad_norm = norm is not None and not _is_norm(norm)
        bad_loss = loss is not None and not math.isfinite(loss)
        if not bad_norm and not bad_loss and not (loss == 0 and norm in (0, None)):
            continue
        last = points[-1]
        ended = last.step > point.step and last.grad_norm is not None and _is_norm(last.grad_norm)
        since = "" if last.step == point.step else f", and it is over by step {last.step}" if ended else ", and since"
        after = _before(points, index)
        shown = f"{norm} (DeepSpeed's word for NaN or infinity)" if norm == -1 else norm
        if loss == 0 and bad_norm:
            message = (
                f"step {point.step}: loss 0.0 and grad_norm {shown}{since}: the loss is NaN, and the Trainer's filter "
                "hides it"
            )
            advice = (
                "Set logging_nan_inf_filter: false; all weights are NaN from then on unless something checks gradients."
            )
            yield Sign("hidden-nan", after, point.step, message, advice)
        elif bad_norm and not bad_loss:
            message = (
                f"step {point.step}: grad_norm {shown} and loss {loss}{since}: either the loss is NaN and the "
                "Trainer's filter logs the mean of the others, or the backward pass alone is"
            )
            advice = "Set logging_nan_inf_filter: false, and replay the rows of these steps."
            yield Sign("hidden-nan", after, point.step, message, advice)
        elif bad_loss:
            message = f"step {point.step}: loss {loss} and grad_norm {shown}{since}"
            yield Sign("nan", after, point.step, message, "Replay the rows of these steps on the checkpoint before.")
        else:
            message = f"step {point.step}: the loss is 0{since}: no label is left, or a NaN is hidden"
            yield Sign("zero-loss", after, point.step, message, "Look at the labels of these rows.")
        return


def _is_norm(value: float) -> bool:
    """Whether a logged gradient norm is one. DeepSpeed's ZeRO writes -1 where it is NaN or infinite
    (`stage_1_and_2.py`, `get_grad_norm_direct`).
    """
    return math.isfinite(value) and value >= 0


def _gradients(points: Sequence[LogPoint]) -> Iterator[Sign]:
    known = [(index, point) for index, point in enumerate(points) if point.grad_norm and _is_norm(point.grad_norm)]
    number = min(max(int(len(known) * EARLY), LEAST), MOST_EARLY)
    if len(known) <= number:
        return
    early = [math.log(point.grad_norm or 1.0) for _, point in known[:number]]
    middle = median(early)
    spread = 1.4826 * median(abs(value - middle) for value in early)
    limit = max(middle + WIDTH * spread, middle + math.log(FACTOR))
    above = ((index, math.log(point.grad_norm or 1.0) > limit) for index, point in known[number:])
    begun = _first_run(above, SUSTAINED)
    if begun is not None:
        first = points[begun]
        yield Sign(
            "gradients-leave-band",
            _before(points, begun),
            first.step,
            f"step {first.step}: the gradient norm is {first.grad_norm:.3g} and stays above {_norm(limit)}; "
            f"in the first {number} logged steps it was {_norm(middle)}",
            "Stop and look before it becomes NaN: such norms came tens of steps before.",
        )


def _norm(logarithm: float) -> str:
    """A gradient norm by its logarithm, which may be beyond the largest float."""
    return f"{math.exp(logarithm):.3g}" if logarithm < LARGEST else f"1e{logarithm / math.log(10):.0f}"


def _plateau(points: Sequence[LogPoint], words: int | None) -> Iterator[Sign]:
    sizes = [words] if words else [151936, 152064]
    near = (
        (index, point.loss is not None and any(abs(point.loss - math.log(size)) < FLAT for size in sizes))
        for index, point in enumerate(points)
    )
    begun = _first_run(near, PLATEAU)
    if begun is not None:
        first = points[begun]
        yield Sign(
            "plateau-at-ln-v",
            _before(points, begun),
            first.step,
            f"step {first.step}: the loss stays at {first.loss:.2f}, ln {sizes[0]:,} = {math.log(sizes[0]):.2f}: "
            "the model guesses all words alike",
            "Its weights are destroyed; go back to a checkpoint before that step.",
        )


def _first_run(flags: Iterable[tuple[int, bool]], length: int) -> int | None:
    """The index at which the first `length` flags in a row begin that are all true."""
    run: list[int] = []
    for index, flag in flags:
        run = [*run, index] if flag else []
        if len(run) == length:
            return run[0]
    return None
