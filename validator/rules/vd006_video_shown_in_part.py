"""A video of which the model sees only the beginning.

## What it finds
Videos whose container does not declare the number of frames and that have more frames than the trainer takes (128).
Such videos are decoded at `fast` too.

## Why it matters
The trainer spreads the frames it takes over the number of frames in the header. Where that is 0 it takes the first ones
instead, one after the other (LLaMA-Factory `mm_plugin.py`, `_get_video_sample_indices`): of ten seconds at 30 frames a
second the model sees 4.3, and is asked about all of them. It pays for 128 frames where two per second were meant, and a
model that is given timestamps gets those of 64 seconds. Nothing is logged.

## Example
A screen recording in Matroska (`.mkv`, `.webm`) or as a transport stream (`.ts`).

## What to do
Copy the stream into an MP4, which declares the number of frames, without re-encoding: `ffmpeg -i in.mkv -c copy
out.mp4`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule


@row_rule("VD006", "video-shown-in-part", "warning", "fast", needs="videos")
def check(case: Case) -> Iterator[Hit]:
    """Look at the videos of which the first frames are fed."""
    for video in case.facts.of_kind("video"):
        if not video.shown or video.probe.fault:
            continue
        total, *seconds = video.shown
        length = f", {seconds[0]:.1f} of {seconds[1]:.1f} seconds" if seconds else ""
        yield Hit(
            f"the video `{clip(video.written)}` does not declare its number of frames: the model sees only the first "
            f"{video.probe.frames} of {total:,.0f}{length}",
            "Remux it to MP4, for example with `ffmpeg -i in.mkv -c copy out.mp4`.",
            turn=video.turn,
            media_index=video.index,
            evidence={"frames": video.probe.frames, "total_frames": int(total)}
            | dict(zip(("seconds", "total_seconds"), (round(value, 3) for value in seconds), strict=False)),
        )


RULE = check
