"""neat_packing with a cutoff that is not a multiple of 8.

## What it finds
`neat_packing: true` and `cutoff_len` not divisible by 8.

## Why it matters
The collator pads ids to a multiple of 8 and positions to `cutoff_len`: `ValueError: Merged position_ids shape mismatch:
got torch.Size([3, 1, 130]), expected (3, 1, 136).` at the first batch (measured with 0.9.5).

## Example
`cutoff_len: 8190`

## What to do
Round it to a multiple of 8.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF014", "neat-packing-cutoff", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Divide."""
    cutoff = case.config["cutoff_len"]
    if case.config["neat_packing"] and cutoff % 8:
        yield Hit(
            f"`neat_packing` with `cutoff_len` {cutoff}, not a multiple of 8: the trainer stops with ValueError: "
            "Merged position_ids shape mismatch",
            f"Set cutoff_len: {cutoff + -cutoff % 8}.",
            evidence={"key": "cutoff_len", "cutoff_len": cutoff},
        )


RULE = check
