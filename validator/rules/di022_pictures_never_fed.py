"""Pictures stand in the messages of a table that has no column of images: they are loaded, and never fed.

## What it finds
Rows whose parts hold images (`{"type": "image", "image": "a.png"}`, `image_url`), in data without a column `image` or
`images`.

## Why it matters
TRL takes a table for one of pictures by these columns alone. Without them it prepares the rows as text: each picture is
loaded to count its tokens, and then dropped. The model is fed hundreds of `<|image_pad|>` and no picture, without an
error or a warning, and learns to answer without looking (TRL 1.16, `sft_trainer.py`, `_prepare_dataset`).

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "image", "image": "a.png"}, ...]}, ...]}
```

## What to do
Move the pictures into a column `images` and leave `{"type": "image"}` where each stands; or add a column `images`
that is an empty list in every row, and TRL reads those in the parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import masking


@row_rule("DI022", "pictures-never-fed", "error", needs="problems", trainers=masking)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose pictures are written as tokens alone."""
    for problem in case.facts.problems:
        if problem.kind == "pictures-not-fed":
            number, tokens = int(problem.message), case.facts.num_image_tokens or 0
            yield Hit(
                f"{count(number, 'image')} in the messages, but the data have no column `images`: the model is fed "
                f"{tokens:,} image tokens and no image",
                "Add a column `images`: with the images themselves, or an empty list in every row.",
                evidence={"images": number, "image_tokens": tokens},
            )


RULE = check
