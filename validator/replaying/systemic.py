"""Whether the healthy controls fail too - then no sample is to blame - and which rung of the ladder mends them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from validator.facts.replayed import Replayed, Step, Systemic, Verdict

SHARE, CERTAINTY = 0.10, 0.01
"""SYSTEMIC where more than 10 % of a modality's controls fail; chance would do that in 1 of 100 runs at most."""
LADDER = ("bf16", "repeat", "fp32", "no_cudnn", "eager", "padded", "bare")
PROBED = 3
"""Failing controls of a modality that climb the ladder."""
FAILURES: tuple[Verdict, ...] = ("CRASH", "NON_FINITE", "PRECISION_SENSITIVE", "RESOURCE")
_WITHDRAWN: dict[Verdict, frozenset[Verdict]] = {
    "CRASH": frozenset(("CRASH", "NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER", "STABLE")),
    "NON_FINITE": frozenset(("NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER", "STABLE")),
    "PRECISION_SENSITIVE": frozenset(("PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER", "STABLE")),
    "RESOURCE": frozenset(("RESOURCE",)),
}
"""By how the controls fail: the verdicts on candidates that say nothing any more. NO_TARGET is a matter of labels."""


def failing(controls: Sequence[Replayed]) -> list[tuple[str, Verdict, list[Replayed]]]:
    """Modalities whose controls fail beyond chance, each with how they fail and the failing controls.

    Of gradients against fp32 only the controls count that were run in fp32.
    """
    by_kind: dict[str, list[Replayed]] = defaultdict(list)
    for control in controls:
        by_kind[control.modality].append(control)
    found: list[tuple[str, Verdict, list[Replayed]]] = []
    for modality, mine in sorted(by_kind.items()):
        for failure in FAILURES:
            failed = [control for control in mine if control.verdict == failure]
            asked = [control for control in mine if control.relative_gradient_error is not None]
            number = len(asked) if failure == "PRECISION_SENSITIVE" else len(mine)
            if failed and _chance(len(failed), number) < CERTAINTY:
                found.append((modality, failure, failed))
                break
    return found


def _chance(failed: int, number: int) -> float:
    """The probability of at least so many failures if one in ten failed."""
    return sum(math.comb(number, k) * SHARE**k * (1 - SHARE) ** (number - k) for k in range(failed, number + 1))


def withdrawn(replayed: Replayed, systemic: Iterable[Systemic]) -> bool:
    """Whether the controls' failure takes the ground from a verdict."""
    return any(item.modality == replayed.modality and replayed.verdict in _WITHDRAWN[item.failure] for item in systemic)


def climbed(steps: Sequence[Sequence[Step]], tolerable: float) -> dict[str, str]:
    """What each rung did for the failing samples: `finite`, `fails`, or how many of them. Rungs not run are absent.

    `tolerable`: the relative gradient error, against the arm before it, that counts as the same gradient.
    """
    outcome: dict[str, str] = {}
    for arm in LADDER:
        mine = [step for sample in steps for step in sample if step.arm == arm]
        if mine:
            good = sum(step.finite for step in mine)
            outcome[arm] = "finite" if good == len(mine) else "fails" if good == 0 else f"{good} of {len(mine)} finite"
    if outcome.get("fp32") == "finite":
        errors = [
            step.relative_gradient_error
            for sample in steps
            for step in sample
            if step.arm == "fp32" and step.relative_gradient_error is not None
        ]
        if errors and max(errors) > tolerable:
            outcome["fp32"] = f"finite, {max(errors):.0%} away from bf16"
    return outcome


def culprit(failure: Verdict, ladder: Mapping[str, str]) -> str:
    """What the ladder points at, in words."""
    finite = {arm for arm, outcome in ladder.items() if outcome.startswith("finite")}
    if ladder.get("reference") == "finite":
        return "the checkpoint: the reference model passes on the same samples"
    if failure == "RESOURCE":
        return "the memory of the device: the model does not fit with samples of this size"
    if failure == "CRASH" and not finite:
        return "the code path: processor, model and library versions do not fit each other"
    if failure == "PRECISION_SENSITIVE":
        return (
            "the checkpoint: its attention logits are too large for bf16's 8 bits; fp32 is the reference that shows it"
        )
    if "repeat" in finite:
        return "the machine: the same step fails once and passes once"
    if "no_cudnn" in finite:
        return "the backend: cuDNN attention; it is finite with torch.backends.cuda.enable_cudnn_sdp(False)"
    if "eager" in finite:
        return "the backend: the attention kernel; it is finite with eager attention"
    if "fp32" in finite:
        return "the precision: it is finite in fp32"
    if "bare" in finite:
        return (
            "the checkpoint's part for pictures (embeddings of the vision markers, tower, projector): text is finite "
            "without the fake picture that the trainer adds to batches without media"
        )
    if "padded" in finite:
        return "the shape of the batch: it is finite in a padded batch"
    return "the checkpoint: it fails in fp32 and with every backend, so its weights are at fault"
