"""The gradient is far larger than expected for the row's length and labels.

## What it finds
Samples whose gradient norm is an outlier against matched controls (robust score above the limit that the controls
set) and more than 3 times what is expected of their label count, length and modality.

## Why it matters
The step goes where this sample points. Adam limits the damage of a single finite spike, so this is a warning.

## Example
One token, 200 times, as an answer.

## What to do
Check the answer. If the token-normalised loss is the remedy, the gradient is large because the sample has few labels,
and larger micro-batches help. A long absurd answer gets more weight under both: what helps one sample harms another,
which is why remedies are tried on each.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP005", "replay-gradient-spike", "warning")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples that pull far harder than their like."""
    if sample.verdict == "GRAD_SPIKE" and sample.step is not None:
        yield Hit(
            f"gradient norm {sample.step.grad_norm:.3g}, controls near it {sample.control_grad_norm}: {sample.why}",
            "Check the answer: it is unlike the others." + advice(sample),
            evidence={"score": sample.gradient_score, "remedy": sample.remedy},
        )


RULE = check
