"""Weights that become infinite in the precision of the run.

## What it finds
Tensors in FP32 (or FP64) with a finite value that BF16 rounds to infinity, from 3.3962e38 on; in a run with `fp16:
true` tensors with a value of 65,520 or more. Without a training file BF16 is assumed.

## Why it matters
The largest FP32 number is 3.4028e38, the largest BF16 number 3.3895e38: `torch.finfo(torch.float32).min`, which is used
in masks, is finite in the file but minus infinity in the first matrix product. Run with LLaMA-Factory 0.9.5 on a
Qwen2-VL of two layers with one value of 3.4e38 in lm_head, before which the norm has a weight of 1e-38: in FP32 the
loss is 6.49, with `bf16: true` it is NaN from the first step.

## Example
A checkpoint in FP32 whose lm_head bars a token with -3.4028e38.

## What to do
Write a value within the range, such as -1e30, or save from BF16, where CK006 finds what is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule

LIMITS = {"bf16": (2.0**127 * (2 - 2**-8), ("F32", "F64")), "fp16": (65520.0, ("BF16", "F32", "F64"))}
"""By precision: the least value that is rounded to infinity, half a step above the largest number (round to nearest,
ties to even), and the types that can hold it."""


@checkpoint_rule("CK013", "weights-overflow", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Compare the largest value of each tensor with the limit of the precision."""
    limit, types = LIMITS.get(case.precision, (0.0, ()))
    for tensor in case.facts.tensors:
        if tensor.dtype in types and tensor.largest >= limit:
            yield Hit(
                f"`{tensor.written}` of {tensor.shard} holds {tensor.largest:.5g} in {tensor.dtype}: in "
                f"{case.precision.upper()}, as this run computes, it is infinite",
                "Write a value within the range of BF16, such as 1e30."
                if case.precision == "bf16"
                else "Train with bf16: true.",
                evidence={"tensor": tensor.written, "shard": tensor.shard, "largest": tensor.largest},
            )


RULE = check
