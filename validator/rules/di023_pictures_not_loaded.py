"""Image parts for which no picture is loaded: the model is fed a token for each, and nothing else.

## What it finds
Rows whose messages hold image parts while nothing is loaded for them. Under unsloth: the column `images` is an empty
list, which wins over pictures within messages; or a prompt has `{"type": "image"}` without a picture anywhere. Under
axolotl: such a part, and no column, or a null in it.

## Why it matters
The row trains, without an error, on one `<|image_pad|>` where hundreds should be, and the model learns to answer
without looking. `images: null` would have let the pictures within messages be used.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "image", "image": "a.png"}, ...]}, ...], "images": []}
```

## What to do
Remove the column `images`, set it to null in such rows, or put the pictures into it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import leaving_pads


@row_rule("DI023", "pictures-not-loaded", "error", needs="problems", trainers=leaving_pads)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose image parts stay empty."""
    for problem in case.facts.problems:
        if problem.kind == "column-empty":
            number = int(problem.message)
            yield Hit(
                f"no image is loaded for {count(number, 'image part')}: the model is fed one token for each",
                "Remove the column images, set it to null where pictures stand in the messages, or fill it.",
                evidence={"parts": number},
            )


RULE = check
