"""`<image>` in a text that the trainer does not take for a picture's place.

## What it finds
`<image>`, `<video>` or `<audio>` in the text of messages in a trainer's own layout, where images are parts
(`{"type": "image"}`) or stand in a column.

## Why it matters
The word itself is fed: the model reads `<image>` and learns it. The picture itself goes elsewhere, before the
first question that is text, or nowhere. Data for LLaMA-Factory look like this: there the word is the picture's place.

## Example
```json
{"messages": [{"role": "user", "content": "Compare <image> and <image>."}, ...], "images": ["a.png", "b.png"]}
```

## What to do
Take the words out, and write contents in parts with `{"type": "image"}` where a picture stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import reading_own

_INSTEAD = {
    False: 'write {"type": "image"} as a part of the content where the picture stands',
    True: "let the picture stand in the question, or in a block of the type image_url",
}
"""By whether a trainer makes samples of answers."""


@row_rule("CV018", "placeholder-stays-text", "warning", needs="problems", trainers=reading_own)
def check(case: Case) -> Iterator[Hit]:
    """Report placeholders that are words."""
    for problem in case.facts.problems:
        if problem.kind == "placeholder-is-text":
            yield Hit(
                f"`{problem.message}` stays text here: the model reads the word",
                f"Take it out, and {_INSTEAD[case.limits.trainer.splits_at_answers]}.",
                turn=problem.turn,
            )


RULE = check
