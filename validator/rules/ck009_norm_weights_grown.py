"""Norm weights that have grown.

## What it finds
With a `--base`: layer norms whose weights are more than twice the base's (root mean square), or less than half.

## Why it matters
A norm's weight scales everything after it. Measured: `input_layernorm` at 8 times its size makes the error of a BF16
gradient as large as the gradient itself.

## Example
`layers.27.input_layernorm.weight` at 3 times the base's.

## What to do
Check the learning rate of the stage before; start from an earlier checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule

MOST = 2.0


@checkpoint_rule("CK009", "norm-weights-grown", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Compare the norms' weights."""
    changed = [
        (tensor.rms / tensor.base_rms, tensor)
        for tensor in case.facts.tensors
        if tensor.base_rms
        and tensor.name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "ln_q.weight"))
        and not 1 / MOST <= tensor.rms / tensor.base_rms <= MOST
    ]
    if changed:
        ratio, worst = max(changed, key=lambda item: max(item[0], 1 / item[0] if item[0] else float("inf")))
        yield Hit(
            f"{len(changed):,} norm weights are more than twice or less than half the base's; the largest change is in "
            f"`{worst.written}`: "
            f"{ratio:.2g} times",
            "Start from an earlier checkpoint, or lower the learning rate of the stage before.",
            evidence={"tensor": worst.written, "ratio": ratio, "count": len(changed)},
        )


RULE = check
