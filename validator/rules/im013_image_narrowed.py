"""An image that unsloth narrows to 512 pixels before the model's own processor sees it.

## What it finds
Images wider than 512 pixels, under unsloth's collator with its default `resize="min"`.

## Why it matters
The collator takes the image size of the model's configuration, and 512 where there is none, as with Qwen2-VL and
Qwen2.5-VL. Every wider image is narrowed to that: a screenshot of 1920 pixels keeps one pixel of 14, and its text is
gone. Only the width counts: a page of 400 by 8000 pixels is left alone. One line is printed when training starts, and
says nothing of the data.

## Example
A screenshot of 1920 x 1080 pixels, which is fed as 512 x 288.

## What to do
Pass `resize="max"` to `UnslothVisionDataCollator` (`--resize max` here) and limit the processor's `max_pixels`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import narrowing
from validator.trainers.unsloth.resize import WIDEST, narrowed


@row_rule("IM013", "image-narrowed", "warning", needs="media", trainers=narrowing)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with wide images, once each."""
    if case.settings.resize == "max":
        return
    sizes = [(item, item.probe.width or 0, item.probe.height or 0) for item in case.facts.of_kind("image")]
    wide = [(item, width, height) for item, width, height in sizes if width > WIDEST]
    if wide:
        item, width, height = max(wide, key=lambda found: found[1])
        became = "{} x {}".format(*narrowed(width, height))
        yield Hit(
            f"{count(len(wide), 'image')} wider than {WIDEST} pixels: {width} x {height} becomes {became}",
            'Pass resize="max" to UnslothVisionDataCollator (--resize max) and limit pixels in the processor.',
            turn=item.turn,
            media_index=item.index,
            evidence={"width": width, "height": height, "images": len(wide)},
        )


RULE = check
