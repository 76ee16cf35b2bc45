"""Boxes that become smaller than one token of the image.

## What it finds
Boxes that are less wide and less high than one merged patch (28 x 28 pixels, 32 x 32 for Qwen3-VL) once their image is
resized, and larger on the stored image, where it is certain which image is meant. The system of coordinates is taken to
be the model's own, unless only another one is possible.

## Why it matters
A merged patch is one token: the model is taught to tell apart what lies within it. On screenshots and aerial photos
that the pixel limit shrinks, that is most small targets, and loss on them falls only by learning them by heart.

## Example
A switch of 40 x 30 pixels on a screenshot of 3840 x 2160 under `image_max_pixels: 262144`: 7 x 5 pixels are left.

## What to do
Raise `image_max_pixels` to the value that the finding names, cut the image into parts, or leave the box out.
`mmvalidate plan --image-max-pixels 262144,1048576` shows the share of such boxes at each limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.coordinates.systems import Size
from validator.facts.budget import Limits
from validator.facts.located import Located, fed_sides, system_read
from validator.rules.base import Case, Hit, row_rule
from validator.rules.pointing import own_of, shapes_of
from validator.rules.scope import every

_TRIES = 40
"""Limits that are tried, each 3 % above the last."""


@row_rule("IM019", "target-below-one-patch", "info", needs="shapes", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Compare the boxes of a row, as they are fed, with a merged patch."""
    row, patch = shapes_of(case), case.limits.image.factor
    if row is None:
        return
    system = system_read(row, own_of(case.settings))
    sides = [(one, found) for one in row.shapes if (found := fed_sides(one, system)) is not None]
    small = [(one, (x, y)) for one, (x, y) in sides if x < patch and y < patch and _larger(one, (x, y), patch)]
    if not small:
        return
    one, (x, y) = min(small, key=lambda item: item[1][0] * item[1][1])
    (frame,) = one.frames
    assert frame.fed is not None
    limit = limit_for(one, (x, y), case.limits)
    yield Hit(
        f"{len(small)} of {len(sides)} boxes {'is' if len(small) == 1 else 'are'} smaller than one token "
        f"({patch}x{patch} pixels) on the image as it is fed: the smallest is {x:.3g}x{y:.3g} pixels of "
        f"{frame.fed[0]}x{frame.fed[1]}",
        f"image_max_pixels {limit} would keep it." if limit is not None else
        "The processor's own limit shrinks the image too: cut it into parts.",
        turn=one.turn,
        media_index=frame.media.index,
        evidence={"boxes": len(small), "smallest": [round(x, 2), round(y, 2)], "image_max_pixels": limit},
    )  # fmt: skip


def _larger(one: Located, sides: tuple[float, float], patch: int) -> bool:
    """Whether a box is a merged patch wide or high on the stored image."""
    (frame,) = one.frames
    return frame.fed is not None and any(
        side * stored / fed >= patch for side, stored, fed in zip(sides, frame.stored, frame.fed, strict=True)
    )


def limit_for(one: Located, sides: tuple[float, float], limits: Limits) -> int | None:
    """The least `image_max_pixels`, nearly, at which a box of `sides` fed pixels reaches a merged patch in width or
    height; None where the trainer's limit alone does not make it so.
    """
    (frame,) = one.frames
    assert frame.fed is not None
    most = frame.stored[0] * frame.stored[1] * 2
    patch, longer = limits.image.factor, max(sides)
    pixels = max(frame.fed[0] * frame.fed[1] * (patch / longer) ** 2, limits.image.max_pixels)
    for _ in range(_TRIES):
        if pixels > most:
            return None
        fed = _fed(frame.stored, limits, int(pixels))
        if fed is not None and max(sides[0] * fed[0] / frame.fed[0], sides[1] * fed[1] / frame.fed[1]) >= patch:
            return int(pixels)
        pixels *= 1.03
    return None


def _fed(stored: Size, limits: Limits, pixels: int) -> Size | None:
    image = limits.trainer.with_max_pixels(limits.image, pixels)
    try:
        rows, columns = limits.trainer.image_grid(*stored, image)
    except (ValueError, ZeroDivisionError):
        return None
    return columns * image.patch_size, rows * image.patch_size


RULE = check
