"""Weights in FP16, in a type that is not audited, or in several types.

## What it finds
Tensors in FP16; tensors in types that are not read here (8-bit ones, integers); a mixture of types.

## Why it matters
FP16 overflows above 65504 and turns weights below 6e-8 into zero. Quantised weights are not what full fine-tuning
starts from. A mixture usually comes from a manual merge.

## Example
`torch_dtype: float16` in config.json.

## What to do
Save in BF16 or FP32.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK005", "weights-in-half-precision", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Count types."""
    facts = case.facts
    kinds: dict[str, int] = {}
    for tensor in facts.tensors:
        kinds[tensor.dtype] = kinds.get(tensor.dtype, 0) + 1
    for _, dtype in facts.not_read:
        kinds[dtype] = kinds.get(dtype, 0) + 1
    if "F16" in kinds or facts.not_read or len(kinds) > 1:
        shown = ", ".join(f"{number:,} in {dtype}" for dtype, number in sorted(kinds.items()))
        unread = f"; {len(facts.not_read):,} were not audited" if facts.not_read else ""
        yield Hit(f"tensors: {shown}{unread}", "Save them all in BF16 or FP32.", evidence={"types": kinds})


RULE = check
