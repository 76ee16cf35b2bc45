"""The replay gives no verdict.

## What it finds
Candidates that got no verdict: too few controls like them, repeats that disagree, a time-out, controls that fail
themselves.

## Why it matters
Nothing is known about the row, good or bad.

## Example
The only row with 5,000 labels.

## What to do
Replay with more rows to compare with (`--controls`), or check the row yourself.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule


@replay_rule("RP010", "replay-inconclusive", "info")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report candidates without a verdict."""
    if sample.verdict == "INCONCLUSIVE" and sample.group != "control":
        yield Hit(f"no verdict: {sample.why}", "Check the row yourself, or replay with more controls like it.")


RULE = check
