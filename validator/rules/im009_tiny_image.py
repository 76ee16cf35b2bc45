"""An image too small to show much.

## What it finds
Images both sides of which are below 28 pixels, which is the side of one image token.

## Why it matters
Training works: the trainer enlarges the image to 56 x 56 pixels, four tokens (an icon is fine). But it may be a
tracking pixel or a thumbnail that failed to load.

## Example
A picture of 1 x 1 pixels from a web page.

## What to do
Check the image; remove the row if it is a tracking pixel.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("IM009", "tiny-image", "info", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if probe.width and probe.height and max(probe.width, probe.height) < 28 and not probe.fault:
            yield Hit(
                f"the image `{clip(image.written)}` has {probe.width}x{probe.height} pixels, less than one image token",
                "Check the image; an icon is fine.",
                turn=image.turn,
                media_index=image.index,
                evidence={"width": probe.width, "height": probe.height},
            )


RULE = check
