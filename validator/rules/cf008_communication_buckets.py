"""What DeepSpeed's buckets cost and what they cannot do.

## What it finds
Under ZeRO-1 and ZeRO-2: the memory of `reduce_bucket_size` (its elements, 2 bytes each, twice with `overlap_comm`),
which weights of this model are larger than the bucket and bypass it, and that `allgather_bucket_size` has no effect.

## Why it matters
Changing bucket sizes is a popular but useless remedy for NaN. It frees memory (5e8 to 2e8: 1.2 GB per GPU with
`overlap_comm`, 0.6 without; measured with 0.19.8) and changes no arithmetic: it can only move the timing of a race. A
weight that is larger than the bucket is reduced separately; `allgather_bucket_size` is read but never used with current
versions of torch (`all_gather_dp_groups` returns before it, in 0.14.4 and later).

## Example
`"reduce_bucket_size": 5e8, "allgather_bucket_size": 5e8` for a 7B model, whose embedding has 545 million elements.

## What to do
Nothing, or lower `reduce_bucket_size` where memory is short.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF008", "communication-buckets", "info")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Do the arithmetic for this model."""
    deepspeed, shape = case.deepspeed, case.shape
    if deepspeed is None or deepspeed.stage not in (1, 2):
        return
    hidden = shape.hidden if shape else None
    bucket, taken = deepspeed.bucket(hidden), deepspeed.bucket_bytes(hidden)
    if bucket is not None and taken is not None:
        beyond = ""
        if shape is not None and shape.words * shape.hidden > bucket:
            what = "the embedding" if shape.tied else "the embedding and lm_head"
            beyond = f"; larger than it and reduced separately: {what} ({shape.words * shape.hidden:,} elements)"
        yield Hit(
            f"`reduce_bucket_size` of {bucket:,} elements takes {taken / 1e9:.1f} GB per GPU{beyond}. Its size "
            "does not affect the arithmetic, so changing it does not fix NaN",
            "Lower it only if memory is short.",
            evidence={"key": "zero_optimization.reduce_bucket_size", "elements": bucket, "bytes": taken},
        )
    if deepspeed.get("zero_optimization.allgather_bucket_size") not in (None, "auto"):
        yield Hit(
            "`allgather_bucket_size` has no effect: weights are gathered by all_gather_into_tensor, in one piece",
            "Remove it, or leave it alone: changing it does nothing.",
            evidence={"key": "zero_optimization.allgather_bucket_size"},
        )


RULE = check
