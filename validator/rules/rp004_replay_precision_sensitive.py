"""The gradient in BF16 differs from the one in fp32.

## What it finds
Samples whose BF16 gradient is further from the fp32 gradient than max(25 %, 8 times the controls' median).

## Why it matters
BF16 has the range of fp32 and 8 bits of precision. With large attention logits the gradient is noise, and neither
loss nor activations show it: the loss differs in the third digit.

## Example
A sample whose attention logits are large on this checkpoint.

## What to do
Suspect the checkpoint before the sample: replay an earlier one. Training in fp32 shows whether precision is the cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP004", "replay-precision-sensitive", "warning")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples on which BF16 is not enough."""
    if sample.verdict == "PRECISION_SENSITIVE":
        yield Hit(
            sample.why,
            "Replay an earlier checkpoint; if the sample is fine there, the attention of this one is the cause."
            + advice(sample),
            evidence={
                "relative_gradient_error": sample.relative_gradient_error,
                "gradient_cosine": sample.gradient_cosine,
                "remedy": sample.remedy,
            },
        )


RULE = check
