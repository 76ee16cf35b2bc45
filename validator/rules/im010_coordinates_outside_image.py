"""Coordinates outside the image.

## What it finds
Boxes and points in a row whose largest x or y lies beyond every image of the row and beyond 1000, so that they are
neither pixels nor normalised to 0-1000. It reads Qwen's box tokens, `bbox` with four numbers, `click(x, y)` and similar
forms.

## Why it matters
The model is taught to point at what it cannot see. Usually the image was scaled or cropped after it was annotated.

## Example
`"bbox": [1200, 300, 1600, 420]` for an image of 1080 x 2400 pixels.

## What to do
Scale the coordinates as the image was scaled, or normalise them to 0-1000 as Qwen2-VL and Qwen3-VL do.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.pointing import NORMALISED, largest_image, reach_of_row, within
from validator.rules.scope import every


@row_rule("IM010", "coordinates-outside-image", "warning", needs="reach", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Compare how far the coordinates reach with the largest sides of the images."""
    reach, size = reach_of_row(case.facts), largest_image(case.facts)
    if reach is None or size is None or within(reach, *size) or within(reach, NORMALISED, NORMALISED):
        return
    yield Hit(
        f"coordinates reach to {reach[0]:g}, {reach[1]:g}, outside the image ({size[0]}x{size[1]} pixels) and "
        "outside 0-1000",
        "Scale the coordinates as the image was scaled.",
        evidence={"reach": list(reach), "width": size[0], "height": size[1]},
    )


RULE = check
