"""The real processor contradicts the counts of a row.

## What it finds
With `--exact`, rows whose image grids, token counts or ids differ between mmvalidate's own computation and
transformers' Qwen2-VL processor and tokenizer, and rows on which that processor fails.

## Why it matters
One of the two is wrong about this row, and every count that rests on it.

## Example
An image that was replaced between the two readings; a version of transformers that resizes differently.

## What to do
Run the check again. If the finding stays, report it: it is a fault of mmvalidate or an unknown version of transformers.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replayed


@row_rule("XX003", "processor-contradicts", "error", trainers=replayed, option="exact")
def check(case: Case) -> Iterator[Hit]:
    """Report what the processor says otherwise."""
    if case.facts.disagreement is not None:
        yield Hit(case.facts.disagreement, "Run the check again; if the finding stays, report it.")


RULE = check
