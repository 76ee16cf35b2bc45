"""An image of more than 8 bits that becomes white.

## What it finds
Grey images of 16 or 32 bits, or of floating point, with values above 255. Colour images of 16 bits are not reported:
their upper 8 bits are read. These images are decoded at `fast` too.

## Why it matters
The trainer converts with Pillow's `convert("RGB")`, which cuts values at 255 instead of scaling them: 99.6 % of a
16-bit gradient become white. Nothing is logged, the loss is finite, and the model learns that the scan is a white page
(Pillow#1108, Pillow#2574, Pillow#5991).

## Example
A medical scan, a depth map or a scanned page, saved as a grey PNG of 16 bits.

## What to do
Save the image with 8 bits: values divided by 257, or scaled to the range that matters.
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
                "Scale the values to 8 bits and save the image again.",
                turn=image.turn,
                media_index=image.index,
                evidence={"mode": probe.mode, "bits": probe.bits},
            )


RULE = check
