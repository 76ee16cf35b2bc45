"""A video that the model sees rotated.

## What it finds
Videos whose display matrix asks for rotation or mirroring. It is read from the decoded frames, as players do.

## Why it matters
Players rotate such a video, the trainer does not (PyAV's `to_image` gives the frames as they are stored): the model
sees it on its side, while question and answer are about the upright one. Nothing is logged.

## Example
A video from a phone held upright: it is stored sideways, with a rotation of 90 degrees.

## What to do
Re-encode the video: `ffmpeg -i in.mp4 out.mp4` rotates the frames themselves and leaves the matrix out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import SEEN_AS


@row_rule("VD007", "video-rotation-ignored", "warning", "fast", needs="videos")
def check(case: Case) -> Iterator[Hit]:
    """Look at each video."""
    for video in case.facts.of_kind("video"):
        probe = video.probe
        if probe.orientation in SEEN_AS and not probe.fault:
            yield Hit(
                f"the video `{clip(video.written)}` asks players to rotate it, which the trainer ignores: the model "
                f"sees it {SEEN_AS[probe.orientation]}",
                "Re-encode it, which rotates its frames: `ffmpeg -i in.mp4 out.mp4`.",
                turn=video.turn,
                media_index=video.index,
                evidence={"orientation": probe.orientation},
            )


RULE = check
