"""An image of a single colour.

## What it finds
Images all of whose pixels are equal, among those that were decoded: all at `--integrity full`; at `fast` those of
which no cheaper check is known, and those with an alpha channel or more than 8 bits.

## Why it matters
Training works: a black screenshot is an image like any other. But often it is a failed capture or a placeholder, and
the answer can only be guessed.

## Example
A screenshot that was taken while the screen was locked.

## What to do
Check the image; remove the row if the image should show something.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("IM008", "constant-image", "info", "fast", needs="content", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if "constant" in probe.content:
            yield Hit(
                f"the {probe.format} `{clip(image.written)}` of {probe.width}x{probe.height} is a single colour",
                "Check the image; a failed capture teaches the model to guess.",
                turn=image.turn,
                media_index=image.index,
                evidence={"width": probe.width, "height": probe.height},
            )


RULE = check
