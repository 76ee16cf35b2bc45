"""A video file without a video stream.

## What it finds
Files that open as media but hold only sound or subtitles.

## Why it matters
The run stops while tokenizing with a bare `StopIteration`, which names neither row nor file.

## Example
An audio track saved as `clip.mp4`.

## What to do
Fetch the video again or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("VD001", "no-video-stream", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report such videos."""
    for media in case.facts.of_kind("video"):
        if media.probe.fault == "no-video-stream":
            yield Hit(
                f"the {media.probe.format} file `{clip(media.written)}` has no video stream: "
                f"{fails_with(case.facts, media.probe.exception, media.probe.message)}",
                "Fetch the video again or remove the row.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
