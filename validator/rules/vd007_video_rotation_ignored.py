"""A video that the model sees turned.

## What it finds
Videos whose display matrix asks for turning or mirroring. It is read of the decoded frames, as players do.

## Why it hurts
Players turn such a video, the trainer does not (PyAV's `to_image` gives the frames as they are stored): the model sees
it lying on its side, while question and answer speak of the upright one. Nothing is logged.

## Example
A video of a phone that was held upright: it is stored lying, with a rotation of 90 degrees.

## What to do
Encode the video again: `ffmpeg -i in.mp4 out.mp4` turns the frames themselves and leaves the matrix out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import SEEN_AS


@row_rule("VD007", "video-rotation-ignored", "warning", "fast", needs="media")
def check(case: Case) -> Iterator[Hit]:
    """Look at each video."""
    for video in case.facts.of_kind("video"):
        probe = video.probe
        if probe.orientation in SEEN_AS and not probe.fault:
            yield Hit(
                f"the video `{clip(video.written)}` asks players to turn it, which the trainer ignores: the model "
                f"sees it {SEEN_AS[probe.orientation]}",
                "Encode it again, which turns its frames: `ffmpeg -i in.mp4 out.mp4`.",
                turn=video.turn,
                media_index=video.index,
                evidence={"orientation": probe.orientation},
            )


RULE = check
