"""Healthy controls fail: the environment or the checkpoint, not the data.

## What it finds
Runs in which more controls fail than chance allows (more than 10 % of a modality), and the first change that fixes
them: the same step again, fp32, without cuDNN attention, eager attention, a padded batch.

## Why it matters
Training will fail whatever the data are. Removing samples does not help.

## Example
A checkpoint whose embedding of `<|vision_start|>` is NaN: text is fine, every row with an image is not.

## What to do
Look at the changes tried: if fp32 fails too, the weights are at fault; if eager attention passes, the attention kernel
is.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Systemic
from validator.rules.base import Hit, systemic_rule


@systemic_rule("RP008", "controls-fail", "error")
def check(systemic: Systemic) -> Iterator[Hit]:
    """Report controls that fail together."""
    rungs = ", ".join(f"{arm}: {outcome}" for arm, outcome in systemic.ladder.items())
    first = f", first in {systemic.first}" if systemic.first else ""
    yield Hit(
        f"{systemic.failed} of {systemic.controls} healthy {systemic.modality} controls end in "
        f"{systemic.failure}{first}"
        f": no sample is to blame. Changes tried: {rungs}",
        f"Suspect {systemic.culprit}.",
        evidence={"failure": systemic.failure, "ladder": dict(systemic.ladder), "first": systemic.first},
    )


RULE = check
