"""A video without motion.

## What it finds
Videos of which the trainer feeds two frames: of one frame, which it doubles, or shorter than a second.

## Why it matters
Training works under LLaMA-Factory. But no motion can be learned from it, and other trainers stop: `nframes should in
interval [2, 24], but got 0` (Qwen2-VL#2012). Often the clip was cut off.

## Example
A clip of one frame.

## What to do
Use an image, or a longer clip.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule


@row_rule("VD005", "still-video", "info", needs="videos")
def check(case: Case) -> Iterator[Hit]:
    """Look at the frames that are fed."""
    for video in case.facts.of_kind("video"):
        if video.probe.frames == 2 and not video.probe.fault:
            yield Hit(
                f"only 2 frames of the video `{clip(video.written)}` are used: the model sees no motion",
                "Use an image or a longer clip.",
                turn=video.turn,
                media_index=video.index,
                evidence={"frames": 2},
            )


RULE = check
