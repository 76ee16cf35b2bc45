"""More placeholders than media files; the trainer leaves the extra ones as plain text.

## What it finds
Rows with media whose text, system prompt included, contains more `<image>` than the row has images.

## Why it matters
ms-swift replaces only the first placeholders. If the extra one comes first (in the system prompt, or in quoted code),
every image moves to another place than was meant, and the model reads `<image>` as plain text at the end. One line of
the log says so.

## Example
```json
{"messages": [{"role": "user", "content": "What does <image> mean? Look: <image>"}, ...], "images": ["a.png"]}
```

## What to do
Remove the placeholders without an image, or rewrite those that mean the word itself (`< image >`).
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
                f"{count(int(problem.message), 'placeholder')} more than media files: the last ones stay plain text",
                "Remove or rewrite the placeholders without a media file.",
                turn=problem.turn,
                evidence={"surplus": int(problem.message)},
            )


RULE = check
