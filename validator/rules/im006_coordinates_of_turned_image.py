"""Coordinates of a photo as viewers show it, not as the model sees it.

## What it finds
Boxes and points that lie outside of an image as it is stored, and inside of it once it is rotated by its EXIF tag
(orientations 5 to 8), where it is certain which image is meant. Coordinates up to 1000 may be thousandths, and say
nothing.

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
from validator.rules.pointing import shapes_of
from validator.rules.scope import every


@row_rule("IM006", "coordinates-of-turned-image", "warning", needs="shapes", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Compare how far the coordinates reach with both ways to hold the image."""
    row = shapes_of(case)
    turned = [one for one in row.shapes if one.turned] if row is not None else []
    for frame in {one.frames[0].media.index: one.frames[0] for one in turned}.values():
        mine = [one.shape.reach for one in turned if one.frames[0] is frame]
        image, (width, height) = frame.media, frame.stored
        reach = max(right for _, _, right, _ in mine), max(bottom for _, _, _, bottom in mine)
        yield Hit(
            f"coordinates reach to {reach[0]:g}, {reach[1]:g}: they fit `{clip(image.written)}` as its EXIF tag "
            f"rotates it, not the {width}x{height} that the model sees",
            "Rotate the pixels and save the image without the tag.",
            turn=image.turn,
            media_index=image.index,
            evidence={"reach": list(reach), "width": width, "height": height},
        )


RULE = check
