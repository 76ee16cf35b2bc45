"""Text that was decoded wrongly.

## What it finds
Replacement characters (U+FFFD), and mojibake: two or more pieces of UTF-8 that were read as Latin-1 or Windows-1252
(`cafÃ©`, `â€™`), or as GBK (`锟斤拷`).

## Why it matters
It trains, and the model learns to write it. Each garbled letter takes two or three tokens.

## Example
`"content": "Itâ€™s a cafÃ©."`

## What to do
Decode the source again as UTF-8; a library such as ftfy repairs mojibake. What U+FFFD stands for is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn

_WHAT = {True: "it contains replacement characters (U+FFFD)", False: "UTF-8 was read as something else"}


@row_rule("CV013", "garbled-text", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "replacement" in turn.traits or "mojibake" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} is garbled: {_WHAT['replacement' in turn.traits]}",
                "Decode the source again as UTF-8.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
