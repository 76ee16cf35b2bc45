"""A DeepSpeed version in which one NaN gradient makes all weights NaN.

## What it finds
BF16 with ZeRO-1 or ZeRO-2 under a DeepSpeed version that does not check whether gradients are finite: before 0.17.1 it
cannot; from 0.17.1 to 0.19.2 it can, and `bf16.check_grad_overflow` is false unless the file sets it.

## Why it matters
`stage_1_and_2.py` of 0.14.4 calls `check_overflow()` in FP16 alone. A NaN norm is replaced by -1, so nothing is
clipped, and the NaN goes into Adam's state and the FP32 weights. From that step on everything is NaN, and the logs
show a loss of 0.0. One sample in one micro-batch of one rank is enough. Neither clipping nor a lower learning rate
helps.

Read in the source of 0.14.4, 0.17.1, 0.17.2, 0.17.6, 0.18.2 and 0.19.0 to 0.19.8: the check came with 0.17.1 (DeepSpeed
PR #6976), its default became true with 0.19.3. Measured with 0.18.2 on CPU, one NaN micro-batch of two in the first
step: by default all weight tensors are NaN and so is every later loss; with `check_grad_overflow: true` one step is
skipped and nothing else happens.

## Example
`deepspeed: ds_z2_config.json` with `bf16: true` and DeepSpeed 0.14.4 (LLaMA-Factory#7362).

## What to do
Install DeepSpeed 0.19.3 or later; from 0.17.1 on, `"bf16": {"enabled": "auto", "check_grad_overflow": true}` does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

POISONS = (
    "one NaN gradient, of one sample on one rank, makes all weights NaN, and neither clipping nor a lower "
    "learning_rate helps"
)


@training_rule("CF004", "gradient-not-checked", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the version with those that check."""
    deepspeed, known = case.deepspeed, case.versions.known.get("deepspeed")
    if deepspeed is None or deepspeed.stage not in (1, 2) or not case.bf16 or known is None:
        return
    setting, default = deepspeed.get("bf16.check_grad_overflow"), case.release.check_grad_overflow
    version = case.versions.shown("deepspeed")
    evidence = {"deepspeed": known, "stage": deepspeed.stage, "check_grad_overflow": setting}
    if default is None:
        without = " (it does not know `check_grad_overflow`)" if setting is not None else ""
        yield Hit(
            f"{version} does not check BF16 gradients for NaN under ZeRO-{deepspeed.stage}{without}: {POISONS}",
            "Install DeepSpeed 0.19.3 or later.",
            evidence=evidence,
        )
    elif not default and setting is None:
        yield Hit(
            f"{version} leaves `bf16.check_grad_overflow` off by default: {POISONS}",
            f"Set bf16.check_grad_overflow: true in {deepspeed.name}, or install DeepSpeed 0.19.3 or later.",
            evidence=evidence,
        )


RULE = check
