"""Nothing in this stack is known to look whether BF16 gradients are finite.

## What it finds
BF16 training in full without DeepSpeed; under ZeRO-3 of a DeepSpeed before 0.19.8; under ZeRO-1 or ZeRO-2 of a version
that is not known (give it with `--versions`).

## Why it hurts
There is no loss scaler in BF16, and with it went the check that FP16 training has. One NaN gradient goes through
clipping (a NaN norm makes every gradient NaN) into Adam's state and the weights. So every sample counts, and a row that
gives NaN once ends the run for good.

## Example
`bf16: true` without `deepspeed`; `ds_z3_config.json` with DeepSpeed 0.18.

## What to do
Replay the riskiest rows first (`--replay 50`), save often, watch the gradient norm (`mmvalidate watch`); or train with
ZeRO-2 and a DeepSpeed of 0.19.3 or later.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF006", "nothing-checks-gradients", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Ask which stack it is."""
    if not case.bf16:
        return
    stage, version = case.zero_stage, case.versions["deepspeed"]
    if stage in (None, 0):
        reason = "BF16 without ZeRO"
    elif stage == 3 and (version is None or version < (0, 19, 8)):
        reason = f"ZeRO-3 of {case.versions.shown('deepspeed')}"
    elif (
        stage in (1, 2)
        and version is None
        and case.deepspeed
        and case.deepspeed.get("bf16.check_grad_overflow") is None
    ):
        reason = f"ZeRO-{stage} of {case.versions.shown('deepspeed')}"
    else:
        return
    yield Hit(
        f"{reason}: a gradient that is NaN once makes all weights NaN, nothing is known to stop it",
        "Use ZeRO-2 with DeepSpeed 0.19.3 or later (name yours with --versions), or replay the riskiest rows first.",
        evidence={"stage": stage},
    )


RULE = check
