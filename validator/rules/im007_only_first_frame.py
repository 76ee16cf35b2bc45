"""An animation or multi-page image of which only the first frame is seen.

## What it finds
GIF, WebP, PNG and TIFF images with more than one frame. The second picture of an MPO photo is a preview and not
reported.

## Why it matters
The trainer opens the file and converts what is there: frame 0. Whatever the text says about the others is learned
without being seen. Nothing is logged.

## Example
A screen recording as a GIF; a scanned document of many pages as a TIFF.

## What to do
Extract the frames you need, or list them as a video.
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
                f"`{clip(image.written)}` has {probe.frames:,} frames: the model sees only the first",
                "Extract the frames you need.",
                turn=image.turn,
                media_index=image.index,
                evidence={"frames": probe.frames},
            )


RULE = check
