"""Binary data written as text.

## What it finds
A run of 512 or more letters and digits without a space that looks like base64, in a turn.

## Why it matters
An image pasted into the text is not an image for the trainer: its letters become hundreds of thousands of text tokens,
which push everything else past `cutoff_len` and teach nothing.

## Example
`{"role": "user", "content": "What is this? data:image/png;base64,iVBORw0KGgo..."}`

## What to do
Save the data as a file and refer to it with `<image>`, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn


@row_rule("CV011", "encoded-data-in-text", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "base64" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} contains a long base64 string, which becomes text tokens, not an image",
                "Save it as a file and refer to it, or remove it.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
