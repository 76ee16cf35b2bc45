"""Nothing in this stack is known to look whether BF16 gradients are finite.

## What it finds
BF16 under ZeRO-3 of a DeepSpeed before 0.19.8; under ZeRO-1 or ZeRO-2 of a version that is not known (give it with
`--versions`); and full fine-tuning without ZeRO on several GPUs (`--gpus`). These can have the check, and are warned.
To others (one GPU, adapters, a number of GPUs that is not known) it is only said: there is no such check without ZeRO.

## Why it hurts
There is no loss scaler in BF16, and with it went the check that FP16 training has. One NaN gradient goes through
clipping (a NaN norm makes every gradient NaN) into Adam's state and the weights. So every sample counts, and a row that
gives NaN once ends the run for good. With adapters it is the adapter that is lost, and the model stays as it was.

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

_ALONE = "Replay the riskiest rows first (--replay 50), save often, and look at the gradient norm (mmvalidate watch)."


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
            f"BF16 without ZeRO: a gradient that is NaN once makes {lost} NaN, nothing looks for it",
            f"Use ZeRO-2 with DeepSpeed 0.19.3 or later, which does. Or: {_ALONE}" if several else _ALONE,
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
        f"ZeRO-{stage} of {known}: a gradient that is NaN once makes all weights NaN, nothing is known to stop it",
        f"{remedy} (name yours with --versions). Or: {_ALONE}",
        evidence={"stage": stage},
    )


RULE = check
