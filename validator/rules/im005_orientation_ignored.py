"""A photo that the model sees rotated.

## What it finds
Images whose EXIF tag asks for rotation or mirroring. TIFF images, and those stored in the row itself and decoded by the
loader, are rotated and not reported.

## Why it matters
Viewers rotate such a photo, the trainer does not: the model sees it on its side, while question and answer are about
the upright one. Left and right, and every coordinate, are wrong. Nothing is logged.

## Example
A phone photo with `Orientation: 6`.

## What to do
Rotate the pixels (Pillow's `ImageOps.exif_transpose`) and save the image without the tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import SEEN_AS


@row_rule("IM005", "orientation-ignored", "warning", needs="media")
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if probe.orientation in SEEN_AS:
            yield Hit(
                f"the {probe.format} `{clip(image.written)}` has the EXIF orientation {probe.orientation}, "
                f"which the trainer ignores: the model sees it {SEEN_AS[probe.orientation]}",
                "Rotate the pixels and save the image without the tag.",
                turn=image.turn,
                media_index=image.index,
                evidence={"orientation": probe.orientation},
            )


RULE = check
