"""NaN or Inf in the weights.

## What it finds
Every tensor with an element that is not finite: the first one's index, the file, and how many there are.

## Why it matters
The run fails from the first step, whatever the data. Where only one row of the embedding is NaN the data seems to be at
fault: a NaN in the row of `<|vision_start|>` leaves text as it was and makes every row with an image NaN, which is the
pattern of LLaMA-Factory#7362.

## Example
A stage 1 whose last step had a NaN gradient (CF004).

## What to do
Go back to the last checkpoint without NaN or Inf.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK006", "weights-not-finite", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Name each tensor and the place in it."""
    for tensor in case.facts.tensors:
        if tensor.first is not None:
            token = _token(case, tensor.name, tensor.first)
            yield Hit(
                f"`{tensor.written}` of {tensor.shard}: {tensor.non_finite:,} elements are not finite, the first at "
                f"{list(tensor.first)}{token}",
                "Go back to a checkpoint without NaN or Inf.",
                evidence={
                    "tensor": tensor.written,
                    "shard": tensor.shard,
                    "index": list(tensor.first),
                    "count": tensor.non_finite,
                },
            )


def _token(case: CheckpointCase, name: str, index: tuple[int, ...]) -> str:
    """Which special token a row belongs to."""
    for row in case.facts.special_rows:
        if row.tensor == name and row.index == index[0]:
            return f", the row of {row.token}"
    return ""


RULE = check
