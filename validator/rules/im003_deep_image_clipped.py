"""A picture of more than 8 bits that becomes white.

## What it finds
Grey images of 16 or 32 bits, or of floating point, with values above 255. Colour images of 16 bits are not meant: their
upper halves are read. These images are decoded at `fast` too.

## Why it hurts
The trainer converts with Pillow's `convert("RGB")`, which cuts values at 255 instead of scaling them: of a ramp over 16
bits 99.6 % become white. Nothing is logged, the loss is finite, and the model learns that the scan is a white page
(Pillow#1108, Pillow#2574, Pillow#5991).

## Example
A medical scan, a depth map or a scanned page, saved as a grey PNG of 16 bits.

## What to do
Write the image with 8 bits: values divided by 257, or scaled to the range that matters.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("IM003", "deep-image-clipped", "warning", "fast", needs="content", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if "clipped" in probe.content:
            yield Hit(
                f"the {probe.format} `{clip(image.written)}` has {probe.bits} bits in mode {probe.mode}: "
                "values above 255 become white",
                "Write the image again with 8 bits, scaled.",
                turn=image.turn,
                media_index=image.index,
                evidence={"mode": probe.mode, "bits": probe.bits},
            )


RULE = check
