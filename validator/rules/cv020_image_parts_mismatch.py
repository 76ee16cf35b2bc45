"""Parts that stand for images and images that do not fit each other.

## What it finds
Rows in a trainer's own layout in which parts become more image tokens than there are images, or fewer: a part without
an image, an image without a part, an image that is null, or a part of text with a key `image`, be it null.

## Why it matters
Training stops at the first such row: `ValueError: Number of images provided (1) does not match number of image
placeholders (0).` The chat template takes every part with a key `image` or `image_url` for a picture, and a Parquet
file gives each part the keys of all: `{"type": "text", "image": null, "text": "hi"}` becomes an image too: `ValueError:
Found 2 <|image_pad|> tokens in the text but no images were passed.` The same rows as JSON lines train.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "text", "image": null, "text": "Hi"}]}, ...], "images": []}
```

## What to do
Keep images in a column `images` and write `{"type": "image"}` alone in the parts, one for each; or take null keys out
while rows are read: `dataset.with_transform(trl.trainer.utils.remove_none_values)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import reading_own
from validator.rules.wording import fails_with


@row_rule("CV020", "image-parts-mismatch", "error", needs="problems", trainers=reading_own)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose parts and images do not fit."""
    for problem in case.facts.problems:
        if problem.kind == "parts-mismatch":
            yield Hit(
                f"image parts and images do not fit: {fails_with(case.facts, problem.exception, problem.message)}",
                'Write one {"type": "image"} for each image of the column, and no other key with "image" in a part.',
            )


RULE = check
