"""An image of more than 8 bits that becomes black or inverted.

## What it finds
Images of 16 or 32 bits or of floating point whose values differ, but are so small that the trainer turns them all
black: floating point below 16, values below zero. And TIFF images of 16 bits in which zero means white. These images
are decoded at `fast` too. Values above 255: IM003.

## Why it matters
The trainer converts with Pillow's `convert("RGB")`, which turns 0.99 into 0 of 255 and 3.2 into 3, while viewers scale
the values: the model is shown a black area. Of a TIFF with `PhotometricInterpretation` 0 (WhiteIsZero) Pillow swaps
black and white up to 8 bits, but not at 16: the white page of a scan is black. Nothing is logged.

## Example
A map of depths or probabilities, saved as a TIFF of floating point numbers from 0 to 1.

## What to do
Write the image with 8 bits, scaled to the values that it has, with black as zero.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

_SEEN = {
    "darkened": "different values all become black, because nothing scales them",
    "negative": "in this file zero means white, which is ignored: black and white are swapped",
}


@row_rule("IM012", "deep-image-misread", "warning", "fast", needs="content", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        for word in probe.content:
            if word in _SEEN:
                yield Hit(
                    f"the {probe.format} `{clip(image.written)}` has {probe.bits} bits in mode {probe.mode}: "
                    f"{_SEEN[word]}",
                    "Scale the values to 8 bits, with zero as black, and save the image again.",
                    turn=image.turn,
                    media_index=image.index,
                    evidence={"mode": probe.mode, "bits": probe.bits},
                )


RULE = check
