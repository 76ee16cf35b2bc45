"""An image with so many pixels that Pillow refuses it.

## What it finds
Images of more than 178,956,970 pixels according to their header.

## Why it matters
The run stops: `PIL.Image.DecompressionBombError: Image size (n pixels) exceeds limit of 178956970 pixels, could be
decompression bomb DOS attack.` A file of a few kilobytes can claim such a size.

## Example
A stitched panorama or a whole-slide scan.

## What to do
Scale the image down: the trainer would reduce it to `image_max_pixels` anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD005", "decompression-bomb", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report images beyond Pillow's limit."""
    for media in case.facts.media:
        if media.probe.fault == "bomb":
            yield Hit(
                f"the image `{clip(media.written)}` has too many pixels: {clip(media.probe.message or '', 160)}",
                "Scale it down before training.",
                turn=media.turn,
                media_index=media.index,
                evidence={"bytes": media.probe.num_bytes},
            )


RULE = check
