"""The real processor contradicts the check.

## What it finds
Replayed samples whose image grids, token counts or ids differ between mmvalidate's own computation and transformers'
processor and tokenizer.

## Why it matters
One of the two is wrong about this row, and every count that rests on it.

## Example
An image that was replaced after the check.

## What to do
Check the dataset again. If the finding stays, report it: it is a fault of mmvalidate or an unknown version of
transformers.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule


@replay_rule("RP009", "processor-disagrees", "error")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report disagreements."""
    if sample.disagreement is not None and "VD003" not in sample.static:  # a video of two lengths is known to differ
        yield Hit(sample.disagreement, "Check the dataset again; if the finding stays, report it.")


RULE = check
