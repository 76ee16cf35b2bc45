"""Coordinates of a photo as viewers show it, not as the model sees it.

## What it finds
Boxes and points that lie outside of an image as it is stored, and inside of it once it is rotated by its EXIF tag
(orientations 5 to 8, one image in the row).

## Why it matters
The trainer does not rotate the photo, so the answer points at the wrong place, or outside the image. Nothing is logged.

## Example
A phone photo stored as 4000 x 3000 with `Orientation: 6`, and `"bbox": [100, 200, 2900, 3900]`.

## What to do
Rotate the pixels (Pillow's `ImageOps.exif_transpose`) and save the image without the tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.pointing import reach_of_row, within


@row_rule("IM006", "coordinates-of-turned-image", "warning", needs="reach")
def check(case: Case) -> Iterator[Hit]:
    """Compare how far the coordinates reach with both ways to hold the image."""
    images = case.facts.of_kind("image")
    if len(images) != 1 or images[0].probe.orientation not in (5, 6, 7, 8):
        return
    image, reach = images[0], reach_of_row(case.facts)
    probe = image.probe
    if reach is None or not probe.width or not probe.height:
        return
    if not within(reach, probe.width, probe.height) and within(reach, probe.height, probe.width):
        yield Hit(
            f"coordinates reach to {reach[0]:g}, {reach[1]:g}: they fit `{clip(image.written)}` as its EXIF tag "
            f"rotates it, not the {probe.width}x{probe.height} that the model sees",
            "Rotate the pixels and save the image without the tag.",
            turn=image.turn,
            media_index=image.index,
            evidence={"reach": list(reach), "width": probe.width, "height": probe.height},
        )


RULE = check
