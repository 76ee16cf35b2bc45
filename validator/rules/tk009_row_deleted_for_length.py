"""A row that the trainer skips because it is too long.

## What it finds
Rows above the cutoff (ms-swift's `max_length`) under `truncation_strategy delete`, its default.

## Why it matters
The row is never trained on, and another one is drawn in its place: nothing is logged. With `strict` training stops:
`MaxLengthError: Current length of row(9000) is larger than the max_length(8192).`

## Example
Two screenshots of 1296 tokens each and `max_length` 2048.

## What to do
Raise `max_length`, lower `MAX_PIXELS`, split the row, or choose `truncation_strategy` `left` or `right`, which keep all
image tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.fitting import max_pixels_that_fits
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import deleting
from validator.trainers.ms_swift.layout import TOO_LONG


@row_rule("TK009", "row-deleted-for-length", "error", trainers=deleting)
def check(case: Case) -> Iterator[Hit]:
    """Report rows that fail for their length."""
    facts, limits = case.facts, case.limits
    if not (facts.trainer_error or "").startswith(TOO_LONG):
        return
    tokens = int((facts.trainer_error or "").split("row(")[1].split(")")[0])
    fits = max_pixels_that_fits(facts.turns, facts.media, limits) if facts.media else None
    lower = f", or lower image_max_pixels to {fits}" if fits else ""
    becomes = "training stops at it" if limits.trainer.stops_at_failures else "it is left out"
    yield Hit(
        f"the row has {tokens:,} tokens, the cutoff is {limits.cutoff_len:,}: {becomes}",
        f"Raise cutoff_len to {tokens}{lower}, or split the row.",
        evidence={"num_tokens_full": tokens, "fitting_image_max_pixels": fits},
    )


RULE = check
