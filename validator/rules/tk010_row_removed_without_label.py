"""A row that the trainer removes, because the cutoff leaves no label of it.

## What it finds
Rows of data that are prepared before training, whose prompt alone fills the cutoff (TRL's `max_length`), or whose
completion is empty.

## Why it matters
TRL removes such rows while it prepares the data, and says nothing (1.16; 1.0 fed them without a label). With a
column of images the same row is fed, without a label (LB001).

## Example
A prompt of 1,100 tokens under `max_length` 1024, which is the default.

## What to do
Raise `max_length`, or shorten the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import masking
from validator.trainers.transformers.layout import UNLEARNED_ROW


@row_rule("TK010", "row-removed-without-label", "error", trainers=masking)
def check(case: Case) -> Iterator[Hit]:
    """Report rows that are removed."""
    if case.facts.trainer_error == UNLEARNED_ROW:
        yield Hit(
            f"no label is left within the cutoff of {case.limits.cutoff_len:,}: the row is removed unsaid",
            "Raise cutoff_len, or shorten the prompt.",
        )


RULE = check
