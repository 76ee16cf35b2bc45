"""An image whose proportions the trainer changes.

## What it finds
Images with a side below 28 pixels (after scaling to `image_max_pixels`), which is stretched to 28, and images longer
than 200 times their width, which are squeezed to 180 times. A square icon is only enlarged and is not reported.

## Why it matters
The model sees a different image from the one the text describes, and nothing is logged. Other trainers stop here:
`absolute aspect ratio must be smaller than 200`.

## Example
A screenshot of one line of text, 2000 x 9 pixels.

## What to do
Crop, pad or split the image.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.trainers.llamafactory.resize import trainer_resize

TOLERANCE = 1.05
"""Change of the aspect ratio that rounding to whole pixels may make."""


@row_rule("IM002", "image-distorted", "warning", needs="media")
def check(case: Case) -> Iterator[Hit]:
    """Compare the proportions before and after the trainer's own resize."""
    limits = case.limits.image
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if not probe.width or not probe.height or probe.fault:
            continue
        try:
            width, height = trainer_resize(probe.width, probe.height, limits.max_pixels, limits.min_pixels)
        except ValueError:
            continue  # IM001
        change = (width / height) / (probe.width / probe.height)
        thin = max(probe.width / probe.height, probe.height / probe.width) > 200 or min(width, height) <= 28
        if thin and max(change, 1 / change) > TOLERANCE:
            yield Hit(
                f"the image `{clip(image.written)}` of {probe.width}x{probe.height} is distorted to {width}x{height}",
                "Crop, pad or split the image.",
                turn=image.turn,
                media_index=image.index,
                evidence={"width": probe.width, "height": probe.height, "resized": [width, height]},
            )


RULE = check
