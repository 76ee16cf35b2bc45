"""The step does not fit into memory here.

## What it finds
Samples at which memory ran out, the device's or the machine's. It is not a sign of instability.

## Why it matters
On a machine like this one training stops at that batch. With optimizer states there is less room than the replay has.

## Example
Ten screenshots in one row.

## What to do
Lower `image_max_pixels` or `cutoff_len`, or split the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP007", "replay-out-of-memory", "warning")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples that need more memory than there is."""
    if sample.verdict == "RESOURCE":
        yield Hit(
            f"{sample.num_tokens:,} tokens: {sample.why}",
            "Lower image_max_pixels or cutoff_len, or split the row." + advice(sample),
            evidence={"num_tokens": sample.num_tokens},
        )


RULE = check
