"""Images within the pixel limit that cannot fit into the cutoff.

## What it finds
An `image_max_pixels` with which one image takes more tokens than `cutoff_len` has; and where the data are known, the
largest number of images in a row, each of the limit's size.

## Why it matters
Truncation cuts image tokens, not images: `ValueError: Image features and image tokens do not match` in the step that
meets such a row, hours in (LLaMA-Factory#5968). TK001 names the rows where it happens now; this rule says that the next
large image will cause it.

## Example
`image_max_pixels: 12845056` (16,384 tokens) with `cutoff_len: 8192`

## What to do
`image_max_pixels` at most 784 x `cutoff_len` / images per row, less what the text needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

PIXELS = 28 * 28
"""Of one token."""


@training_rule("CF016", "image-limit-above-cutoff", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare tokens of the largest image with the cutoff."""
    pixels, cutoff = case.config["image_max_pixels"], case.config["cutoff_len"]
    most = 1 if case.data is None or not case.data.rows else max(int(case.data.images.max()), 1)
    if case.data is not None and case.data.rows and not case.data.images.any():
        return
    tokens = pixels // PIXELS
    if tokens * most > cutoff:
        many = "one image" if most == 1 else f"{most} images (as in one row)"
        yield Hit(
            f"`image_max_pixels` {pixels:,} allows {tokens:,} tokens per image: {many} of that size cannot fit "
            f"`cutoff_len` {cutoff:,}",
            f"Set image_max_pixels: {cutoff // most * PIXELS // 8 * 7} or less, or raise cutoff_len.",
            evidence={"key": "image_max_pixels", "tokens": tokens, "images": most, "cutoff_len": cutoff},
        )


RULE = check
