"""A video given as a list of images of different sizes.

## What it finds
Lists of frames that are not all of one size after the trainer's own resizing.

## Why it matters
The run stops while tokenizing: `ValueError: all input arrays must have the same shape`.

## Example
```json
{"videos": [["frame1.png", "thumbnail.png"]]}
```

## What to do
Scale the frames to one size.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("VD004", "frame-sizes-differ", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report such videos."""
    for media in case.facts.of_kind("video"):
        if media.probe.fault == "frame-sizes-differ":
            yield Hit(
                f"the frames of video {media.index} differ in size: "
                f"{fails_with(case.facts, media.probe.exception, media.probe.message)}",
                "Scale the frames of this video to one size.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
