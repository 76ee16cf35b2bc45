"""An animation or a stack of pages of which only the first is seen.

## What it finds
GIF, WebP, PNG and TIFF images with more than one frame. The second picture of an MPO photo is a preview and not meant.

## Why it hurts
The trainer opens the file and converts what is there: frame 0. Whatever the text says of the others is learned without
being seen. Nothing is logged.

## Example
A screen recording as a GIF; a scanned document of many pages as a TIFF.

## What to do
Extract the frames that are meant, or list them as a video.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("IM007", "only-first-frame", "warning", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        probe = image.probe
        if (probe.frames or 1) > 1 and probe.format != "MPO":
            yield Hit(
                f"`{clip(image.written)}` has {probe.frames:,} frames: the model sees the first only",
                "Extract the frames that are meant.",
                turn=image.turn,
                media_index=image.index,
                evidence={"frames": probe.frames},
            )


RULE = check
