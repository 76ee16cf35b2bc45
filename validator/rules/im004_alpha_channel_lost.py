"""A picture whose content is in its alpha channel.

## What it finds
Images with an alpha channel that varies, which are of one single colour without it: black text on a transparent ground,
mostly. These images are decoded at `fast` too.

## Why it hurts
The trainer converts with Pillow's `convert("RGB")`, which drops the alpha channel and does not put the picture on a
ground: the model sees one black area and is asked what it says. Nothing is logged.

## Example
A formula or an icon, exported as a PNG with a transparent ground.

## What to do
Put the image on a white ground and write it without alpha.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import EVERY, Case, Hit, row_rule


@row_rule("IM004", "alpha-channel-lost", "warning", "fast", needs="content", trainers=EVERY)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        if "alpha-lost" in image.content:
            yield Hit(
                f"the {image.format} `{clip(image.written)}` is of one colour once its alpha channel is dropped: "
                "its picture is lost",
                "Put the image on a ground and write it without alpha.",
                turn=image.turn,
                media_index=image.index,
                evidence={"mode": image.mode},
            )


RULE = check
