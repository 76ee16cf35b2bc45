"""DeepSpeed's check for NaN gradients is switched off.

## What it finds
`bf16.check_grad_overflow: false` with BF16.

## Why it hurts
The switch is what stands between one NaN gradient and NaN weights: with it the step is skipped, without it every
weight is NaN from then on. Measured with DeepSpeed 0.19.8: 51 weight tensors NaN after one step; with the check the
next step's loss is 1.00.

## Example
`"bf16": {"enabled": true, "check_grad_overflow": false}`

## What to do
Remove the line (DeepSpeed 0.19.3 and later) or set it to true.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF005", "grad-overflow-check-off", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for the switch."""
    deepspeed = case.deepspeed
    if deepspeed is not None and case.bf16 and deepspeed.get("bf16.check_grad_overflow") is False:
        yield Hit(
            f"`check_grad_overflow` is false in {deepspeed.name}: one NaN gradient makes all weights NaN",
            "Set bf16.check_grad_overflow: true.",
            evidence={"key": "bf16.check_grad_overflow"},
        )


RULE = check
