"""DeepSpeed's check for NaN gradients is switched off.

## What it finds
`bf16.check_grad_overflow: false` with BF16, under a DeepSpeed that knows the switch (0.17.1 and later; CF004 covers
earlier ones).

## Why it matters
This check is all that keeps one NaN gradient from making all weights NaN: with it the step is skipped; without it every
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
from validator.training.deepspeed_parser.coercion import as_bool
from validator.training.record import TrainingCase


@training_rule("CF005", "grad-overflow-check-off", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for the switch."""
    deepspeed = case.deepspeed
    known = case.release.check_grad_overflow is not None
    if deepspeed is not None and known and case.bf16 and off(deepspeed.get("bf16.check_grad_overflow")):
        yield Hit(
            f"`check_grad_overflow` is false in {deepspeed.name}: one NaN gradient makes all weights NaN",
            "Set bf16.check_grad_overflow: true.",
            evidence={"key": "bf16.check_grad_overflow"},
        )


def off(value: object) -> bool:
    """Whether a value switches off: false, 0, "false", "no" ..."""
    try:
        return value is not None and not as_bool(value)
    except (TypeError, ValueError):
        return False


RULE = check
