"""Weights whose scale is far off.

## What it finds
With a `--base`: matrices whose root mean square is more than twice the base's or less than half. Without one: an
element above 10,000.

## Why it matters
A matrix does not double in a healthy fine-tuning run. A few elements of 1e30, from memory that was not initialised, are
finite and make a loss of 5e30 (2U1/Qwen2-VL-Finetune#143).

## Example
A head that was saved before it was initialised.

## What to do
Start from another checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule

MOST, LARGEST = 2.0, 1e4


@checkpoint_rule("CK012", "weights-out-of-scale", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Compare each matrix, or look at its largest element."""
    for tensor in case.facts.tensors:
        if tensor.largest > LARGEST:
            what = f"has an element of {tensor.largest:.3g}"
        elif tensor.base_rms and len(tensor.shape) > 1 and not 1 / MOST <= tensor.rms / tensor.base_rms <= MOST:
            what = f"is {tensor.rms / tensor.base_rms:.2g} times the base's size (root mean square)"
        else:
            continue
        yield Hit(
            f"`{tensor.written}` of {tensor.shard} {what}",
            "Start from another checkpoint.",
            evidence={"tensor": tensor.written, "shard": tensor.shard, "largest": tensor.largest, "rms": tensor.rms},
        )


RULE = check
