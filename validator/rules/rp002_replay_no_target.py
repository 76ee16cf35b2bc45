"""The step has nothing to learn from.

## What it finds
Samples without a label after the shift by one token.

## Why it matters
Alone in its micro-batch the loss is 0/0, NaN. The gradient is zero and the weights are unharmed, but the step is
wasted, and `logging_nan_inf_filter` (on by default) hides the NaN behind the running mean.

## Example
A question that fills the cutoff.

## What to do
Raise `cutoff_len`, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP002", "replay-no-target", "error")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples without a target."""
    if sample.verdict == "NO_TARGET" and sample.step is not None:
        yield Hit(
            sample.why,
            "Raise cutoff_len, or remove the row; set logging_nan_inf_filter to false to see such steps."
            + advice(sample),
            evidence={"num_label_tokens": 0, "grad_norm": sample.step.grad_norm},
        )


RULE = check
