"""A row that is left out, because all of its answers lie behind the cutoff.

## What it finds
Rows whose first answer begins behind `cutoff_len`. Where only later answers do, TK002 tells it.

## Why it matters
LLaMA-Factory v1 makes a sample of each answer, with all that stands before it, and cuts it at its end. A sample of
which no label is left is dropped. One warning is logged in all, for the first of them, without its place.

## Example
A screenshot of 2,600 tokens in the question, under `cutoff_len` 2048, which is the default: images are as large as the
model's processor lets them be.

## What to do
Raise `cutoff_len`, make the image smaller, or lower the processor's `max_pixels`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting
from validator.trainers.llamafactory_v1.layout import UNLEARNED_ROW


@row_rule("TK012", "row-left-out-behind-cutoff", "error", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report rows that are left out."""
    if case.facts.trainer_error == UNLEARNED_ROW:
        yield Hit(
            f"no label is left within the cutoff of {case.limits.cutoff_len:,}: the row is left out",
            "Raise cutoff_len, or make the images in the question smaller.",
        )


RULE = check
