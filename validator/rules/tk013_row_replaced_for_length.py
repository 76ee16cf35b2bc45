"""A row above `max_length`, in whose place another is trained on.

## What it finds
Rows with more tokens than the limit, images as large as the model's processor lets them be.

## Why it matters
NeMo AutoModel does not cut: with `pretokenize` and `max_length` it logs a warning for each such row, and takes another
at random, the same in every epoch. Long rows are never trained on, and others come twice. With `truncate: true` it
cuts, and replaces rows whose images are cut.

## Example
`Sample 7: 5230 tokens > max_length 4096, replacing.`

## What to do
Raise `max_length`, or make the images smaller.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing
from validator.trainers.nemo_automodel.rows import TOO_LONG


@row_rule("TK013", "row-replaced-for-length", "error", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report rows that are replaced."""
    error = case.facts.trainer_error or ""
    if error.startswith(f"{TOO_LONG}: "):
        yield Hit(
            f"another row is trained on in its place: {error.removeprefix(f'{TOO_LONG}: ')}",
            "Raise max_length, or make the images smaller.",
        )


RULE = check
