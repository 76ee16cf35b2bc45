"""An answer that repeats the same text until its end.

## What it finds
Answers whose last 400 characters repeat the same text of at most 100 characters. Lines of punctuation are not reported.

## Why it matters
Generated answers that ran into the length limit often look like this. Fine-tuning on them teaches the repetition: the
model no longer stops.

## Example
`"content": "The button is blue. The button is blue. The button is blue. ..."`

## What to do
Remove the row, or cut the answer where the repetition starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("CV012", "degenerate-repetition", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "repetition" in turn.traits:
            yield Hit(
                f"the answer (turn {turn.index}) repeats the same short text until the end",
                "Remove the row, or cut the answer where the repetition starts.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
