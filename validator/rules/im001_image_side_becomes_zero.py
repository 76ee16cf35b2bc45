"""An image of a shape that cannot be resized.

## What it finds
Images whose shorter side, scaled down to `image_max_pixels`, is rounded down to zero. Under trainers that leave shapes
to transformers or qwen-vl-utils also images longer than 200 times their width; LLaMA-Factory squeezes these (IM002).

## Why it matters
The run stops: `ValueError: height and width must be > 0`, or `absolute aspect ratio must be smaller than 200`. Under
qwen-vl-utils and ms-swift the row is silently left out.

## Example
A line drawn across a page, 1,200,000 x 1 pixels.

## What to do
Crop or pad the image.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("IM001", "image-side-becomes-zero", "error", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Run the trainer's resize arithmetic."""
    for image in case.facts.of_kind("image") if case.budget is None else ():  # tokens were counted: no side is zero
        if not image.probe.width or not image.probe.height:
            continue
        try:
            case.limits.trainer.image_grid(image.probe.width, image.probe.height, case.limits.image)
        except ValueError as error:
            yield Hit(
                f"the image `{clip(image.written)}` of {image.probe.width}x{image.probe.height} cannot be resized: "
                f"{fails_with(case.facts, 'ValueError', str(error))}",
                "Crop or pad the image.",
                turn=image.turn,
                media_index=image.index,
                evidence={"width": image.probe.width, "height": image.probe.height},
            )


RULE = check
