"""An answer that ends in a loop.

## What it finds
Answers whose last 400 characters repeat a piece of at most 100 characters over and over. Rules of signs are not meant.

## Why it hurts
Answers that a model wrote and that ran into the length limit look so. Fine-tuning on them teaches the loop: the model
no longer stops.

## Example
`"content": "The button is blue. The button is blue. The button is blue. ..."`

## What to do
Remove the row, or cut the answer where the loop begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn


@row_rule("CV012", "degenerate-repetition", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "repetition" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} ends in a loop: a short piece over and over",
                "Remove the row, or cut the answer where the loop begins.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
