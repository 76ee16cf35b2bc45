"""The replay cannot tell.

## What it finds
Candidates that got no verdict: too few controls like them, repeats that disagree, a time-out, controls that fail
themselves.

## Why it hurts
It says nothing, neither good nor bad.

## Example
The only row with 5,000 labels.

## What to do
Give it more to compare with (`--controls`), or look at the row yourself.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule


@replay_rule("RP010", "replay-inconclusive", "info")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report candidates without a verdict."""
    if sample.verdict == "INCONCLUSIVE" and sample.group != "control":
        yield Hit(f"no verdict: {sample.why}", "Look at the row, or replay with more controls like it.")


RULE = check
