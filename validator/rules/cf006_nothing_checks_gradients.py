"""No part of this stack is known to check whether BF16 gradients are finite.

## What it finds
BF16 under ZeRO-3 of a DeepSpeed before 0.19.8; under ZeRO-1 or ZeRO-2 of a version that is not known (give it with
`--versions`); and full fine-tuning without ZeRO on several GPUs (`--gpus`). These could have the check, so they get a
warning. Other runs (one GPU, adapters, an unknown number of GPUs) get an info, because there is no such check without
ZeRO.

## Why it matters
BF16 training has no loss scaler, and so lacks the check that comes with it in FP16 training. One NaN gradient goes
through clipping (a NaN norm makes every gradient NaN) into Adam's state and the weights. So a single row that gives NaN
once ruins the run. With adapters only the adapter is lost; the base model is unchanged.

## Example
`ds_z3_config.json` with DeepSpeed 0.18; `bf16: true` and `finetuning_type: full` on 8 GPUs without `deepspeed`.

## What to do
Install DeepSpeed 0.19.8, or train with ZeRO-2 and a DeepSpeed of 0.19.3 or later. Without it replay the riskiest rows
first (`--replay 50`), save often, and watch the gradient norm (`mmvalidate watch`).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

_ALONE = "Replay the riskiest rows first (--replay 50), save often, and watch the gradient norm (mmvalidate watch)."


@training_rule("CF006", "nothing-checks-gradients", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Ask which stack it is."""
    if not case.bf16:
        return
    stage, version = case.zero_stage, case.versions["deepspeed"]
    known = case.versions.shown("deepspeed")
    if stage in (None, 0):
        several = case.config["finetuning_type"] == "full" and (case.gpus or 1) > 1
        lost = "all weights" if case.config["finetuning_type"] == "full" else "all trained weights"
        yield Hit(
            f"BF16 without ZeRO: one NaN gradient makes {lost} NaN, and nothing checks for it",
            f"Use ZeRO-2 with DeepSpeed 0.19.3 or later, which checks. Otherwise: {_ALONE}" if several else _ALONE,
            evidence={"stage": stage},
            severity=None if several else "info",
        )
    elif stage == 3 and (version is None or version < (0, 19, 8)):
        yield _unchecked(stage, known, "Install DeepSpeed 0.19.8 or later")
    elif (
        stage in (1, 2)
        and version is None
        and case.deepspeed
        and case.deepspeed.get("bf16.check_grad_overflow") is None
    ):
        yield _unchecked(stage, known, "Install DeepSpeed 0.19.3 or later")


def _unchecked(stage: int, known: str, remedy: str) -> Hit:
    return Hit(
        f"ZeRO-{stage} of {known}: one NaN gradient makes all weights NaN, and no known safeguard catches it",
        f"{remedy} (give your version with --versions). Otherwise: {_ALONE}",
        evidence={"stage": stage},
    )


RULE = check
