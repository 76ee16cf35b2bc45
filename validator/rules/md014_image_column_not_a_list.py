"""A column of images that holds no list, or an empty one, stops the trainer.

## What it finds
Under axolotl rows whose column `images`, or `image`, holds a picture or a path by itself, or an empty list.

## Why it matters
axolotl takes the first element of the column, whatever it is. Of a path that is its first letter: `ValueError:
Incorrect image source. [...] Got a`. A picture, as an image column of `datasets` holds it, has no first element:
`TypeError: object of type 'PngImageFile' has no len()`. Nor has an empty list: `IndexError: list index out of range`.
Training stops at the first such row.

## Example
```json
{"messages": [...], "image": "a.png"}
```

## What to do
Write a list with one path, `["a.png"]`, and null in rows without an image.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_whole
from validator.rules.wording import fails_with

_HOLDS = {"image-column": "holds no list", "image-column-empty": "holds an empty list"}
_INSTEAD = {
    "image-column": "Write the image as a list of one.",
    "image-column-empty": "Write null where a row has no image.",
}


@row_rule("MD014", "image-column-not-a-list", "error", needs="problems", trainers=feeding_whole)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose column has no first element."""
    for problem in case.facts.problems:
        if problem.kind in _HOLDS:
            stops = fails_with(case.facts, problem.exception, problem.message)
            yield Hit(f"the column of images {_HOLDS[problem.kind]}: {stops}", _INSTEAD[problem.kind])


RULE = check
