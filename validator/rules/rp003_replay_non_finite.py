"""The step gives NaN or Inf while the controls do not.

## What it finds
Samples with a non-finite loss, logit, activation or gradient on this checkpoint, in two runs, with the module where it
starts, and whether fp32 gives it too.

## Why it matters
Before DeepSpeed 0.19.3 a BF16 run does not check gradients unless told to: one such micro-batch puts NaN into every
weight, for good. Clipping and a lower learning rate do not help, because NaN times anything is NaN.

## Example
Pixels that are NaN after preprocessing.

## What to do
Remove the row. Then use DeepSpeed 0.19.3 or later, or `bf16.check_grad_overflow` from 0.17.1 on: both skip such steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP003", "replay-non-finite", "error")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples with numbers that are none."""
    step = sample.step
    if sample.verdict == "NON_FINITE" and step is not None:
        yield Hit(
            sample.why,
            "Remove the row: one such step makes all weights NaN where DeepSpeed does not check gradients (CF004)."
            + advice(sample),
            evidence={
                "first": step.first_nonfinite,
                "ladder": sample.ladder,
                "gradients_finite": step.grad_finite,
                "remedy": sample.remedy,
            },
        )


RULE = check
