"""A row above the cutoff is neither cut nor left out.

## What it finds
Under axolotl rows of more tokens than `--cutoff-len`, where that is said.

## Why it matters
`sequence_len` holds for data of text. Rows with images are made in the collator, which does not look at it: a row of
30,000 tokens is fed whole beside a `sequence_len` of 4,096, and takes the memory of all of them, padding of the others
in its batch included. The run stops with CUDA out of memory when the row is drawn, hours into training.

## Example
`sequence_len: 4096` with a row of nine pages of 1,600 tokens each.

## What to do
Make the images smaller (`processor_kwargs: {max_pixels: ...}`), or take the row out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_whole


@row_rule("TK016", "row-fed-whole", "warning", trainers=feeding_whole)
def check(case: Case) -> Iterator[Hit]:
    """Report rows above the cutoff."""
    tokens, cutoff = case.facts.num_tokens or 0, case.limits.cutoff_len
    if tokens > cutoff:
        yield Hit(
            f"{tokens:,} tokens, above {cutoff:,}: the row is neither cut nor left out, and takes the memory of all",
            "Make its images smaller, split its conversation, or take it out.",
            evidence={"tokens": tokens, "cutoff_len": cutoff},
        )


RULE = check
