"""A media placeholder in the description of tools.

## What it finds
`<image>`, `<video>` or `<audio>` in the column of tools.

## Why it matters
The trainer neither counts nor replaces it there: the model reads the plain text `<image>` where an image was meant.

## Example
`"tools": "[{\\"name\\": \\"look\\", \\"description\\": \\"see <image>\\"}]"`

## What to do
Move the placeholder to a question, or rewrite it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import the_turn


@row_rule("PH005", "placeholder-in-tools", "warning", needs="traits")
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "placeholder-in-tools" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} has a placeholder in its tools: it stays plain text",
                "Move it to a question, or rewrite it.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
