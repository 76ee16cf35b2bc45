"""Coordinates outside the image.

## What it finds
Boxes and points of which a number is negative, or that lie beyond the image, as it is stored and as it is fed, and
beyond 1000, so that they are neither pixels nor normalised to 0-1000. It reads Qwen's tokens for boxes and quads,
`bbox_2d`, `point_2d`, `bbox`, `points`, `click(x, y)`, `pyautogui` and similar forms, and what ms-swift makes of
`objects`.

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
from validator.rules.pointing import shapes_of
from validator.rules.scope import every


@row_rule("IM010", "coordinates-outside-image", "warning", needs="shapes", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report the boxes and points that lie in no image of the row in any system."""
    row = shapes_of(case)
    outside = [one for one in row.shapes if not one.bits and one.shape.finite] if row is not None else []
    if not outside:
        return
    reaches = [one.shape.reach for one in outside]
    width = max(frame.stored[0] for one in outside for frame in one.frames)
    height = max(frame.stored[1] for one in outside for frame in one.frames)
    evidence = {"width": width, "height": height, "boxes": len(outside)}
    if (least := min(min(left, top) for left, top, _, _ in reaches)) < 0:
        x, y = min(left for left, _, _, _ in reaches), min(top for _, top, _, _ in reaches)
        yield Hit(
            f"coordinates begin at {x:g}, {y:g}, outside the image ({width}x{height} pixels): none can be negative",
            "Cut the boxes off at the edge of the image, or leave them out.",
            evidence={**evidence, "least": least},
        )
        return
    reach = max(right for _, _, right, _ in reaches), max(bottom for _, _, _, bottom in reaches)
    if any(one.shape.filled for one in outside):
        yield Hit(
            f"boxes of `objects` reach to {reach[0]:g}, {reach[1]:g} thousandths of the image ({width}x{height} "
            "pixels): they lie outside of it",
            "Give `objects.bbox` in pixels of the stored image, or from 0 to 1 with `bbox_type: norm1`.",
            evidence={**evidence, "reach": list(reach)},
        )
        return
    yield Hit(
        f"coordinates reach to {reach[0]:g}, {reach[1]:g}, outside the image ({width}x{height} pixels) and "
        "outside 0-1000",
        "Scale the coordinates as the image was scaled.",
        evidence={**evidence, "reach": list(reach)},
    )


RULE = check
