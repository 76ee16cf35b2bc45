"""More placeholders than media, where the trainer leaves the rest as letters.

## What it finds
Rows with media whose text, system prompt included, holds more `<image>` than the row has images.

## Why it hurts
ms-swift replaces the first placeholders only. Where the surplus one stands first (in the system prompt, or in quoted
code), every image moves to another place than was meant, and the model reads the letters `<image>` at the end. One line
of the log says so.

## Example
```json
{"messages": [{"role": "user", "content": "What does <image> mean? Look: <image>"}, ...], "images": ["a.png"]}
```

## What to do
Remove the placeholders without an image, or rewrite those that mean the letters themselves (`< image >`).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import completing


@row_rule("PH006", "placeholder-left-as-text", "warning", needs="problems", trainers=completing)
def check(case: Case) -> Iterator[Hit]:
    """Report surplus placeholders."""
    for problem in case.facts.problems:
        if problem.kind == "tags-left":
            yield Hit(
                f"{count(int(problem.message), 'placeholder')} more than media: the last stay letters in the text",
                "Remove or rewrite the placeholders without a medium.",
                turn=problem.turn,
                evidence={"surplus": int(problem.message)},
            )


RULE = check
