"""Fewer placeholders than media files; the trainer adds the missing ones.

## What it finds
Rows whose text contains fewer `<image>` than the row has images.

## Why it matters
It may be intended: ms-swift puts the missing ones before the first message, in the order of the media. Where some are
written and others are not, those written get the last images, which is rarely intended. Other trainers stop at such a
row.

## Example
```json
{"messages": [{"role": "user", "content": "Compare with <image>."}, ...], "images": ["a.png", "b.png"]}
```
The `<image>` written here is `b.png`.

## What to do
Write every placeholder where its image belongs.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import completing


@row_rule("PH007", "placeholder-added", "info", needs="problems", trainers=completing)
def check(case: Case) -> Iterator[Hit]:
    """Report missing placeholders."""
    for problem in case.facts.problems:
        if problem.kind == "tags-added":
            yield Hit(
                f"the trainer adds {count(int(problem.message), 'placeholder')} before the first message",
                "Write each placeholder where its media file belongs.",
                turn=problem.turn,
                evidence={"added": int(problem.message)},
            )


RULE = check
