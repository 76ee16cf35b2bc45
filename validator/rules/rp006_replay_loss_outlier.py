"""The loss is far above that of matched samples.

## What it finds
Samples whose mean loss is an outlier against the controls, or worse than guessing among all tokens of the vocabulary.

## Why it matters
The model finds the answer absurd: garbage, another row's answer, a wrong language. Token-normalised losses and larger
batches do not help.

## Example
The answer of another row.

## What to do
Check the answer of the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP006", "replay-loss-outlier", "warning")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples that the model finds absurd."""
    if sample.verdict == "LOSS_OUTLIER" and sample.step is not None:
        beside = f", controls near it {sample.control_loss}" if sample.control_loss is not None else ""
        yield Hit(
            f"{sample.why}{beside}",
            "Check the row: its answer is not what the model expects." + advice(sample),
            evidence={"loss": sample.step.loss, "score": sample.loss_score, "remedy": sample.remedy},
        )


RULE = check
