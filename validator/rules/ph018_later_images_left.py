"""Of the images of a row only the first is fed.

## What it finds
Under axolotl rows with more than one image in the column `images` (or `image`).

## Why it matters
axolotl's collator takes the first image of the column, and leaves the others, with one line in the log. The row trains
on: the model is asked about pictures that it does not see, and learns to invent what is on them.

## Example
```json
{"messages": [{"role": "user", "content": "Which is larger?"}, ...], "images": ["a.png", "b.png"]}
```

## What to do
Put images into the messages: `{"type": "image", "path": "a.png"}`, one part for each, and leave the column out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_whole


@row_rule("PH018", "later-images-left", "error", needs="problems", trainers=feeding_whole)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with more images than one."""
    for problem in case.facts.problems:
        if problem.kind == "images-left":
            number = int(problem.message)
            yield Hit(
                f"only the first of {number} images is fed: the log says so in one line, and training goes on",
                'Write {"type": "image", "path": ...} into the messages for each, and leave the column out.',
                evidence={"images": number},
            )


RULE = check
