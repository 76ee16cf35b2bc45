"""A photo that the model sees turned.

## What it finds
Images whose EXIF block asks for turning or mirroring. TIFF images, and those that stand in the row itself and are
decoded by the loader, are turned and not meant.

## Why it hurts
Viewers turn such a photo, the trainer does not: the model sees it lying on its side, while question and answer speak of
the upright one. Left and right, and every coordinate, are wrong. Nothing is logged.

## Example
A phone photo with `Orientation: 6`.

## What to do
Turn the pixels (Pillow's `ImageOps.exif_transpose`) and save the image without the tag.
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
                "Turn the pixels and save the image without the tag.",
                turn=image.turn,
                media_index=image.index,
                evidence={"orientation": probe.orientation},
            )


RULE = check
