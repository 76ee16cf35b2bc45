"""Frames of a video by relative paths, which the trainer does not look for below its folder of media.

## What it finds
Videos under ms-swift that are given as lists of images, of which one has a relative path.

## Why it matters
ms-swift looks for images and video files below `ROOT_IMAGE_DIR`, but hands the paths of a list on as they are: they
are opened from the folder in which training is started. Started elsewhere, no such row can be read, and all of them
are left out of training without a stop. Here they are looked for below `--media-dir`.

## Example
```json
{"messages": [{"role": "user", "content": "<video>What moves?"}], "videos": [["frames/0.png", "frames/1.png"]]}
```

## What to do
Write absolute paths, or start training in the folder that they begin in.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import by_environment


@row_rule("VD013", "frames-sought-elsewhere", "info", needs="problems", trainers=by_environment)
def check(case: Case) -> Iterator[Hit]:
    """Report such lists."""
    for problem in case.facts.problems:
        if problem.kind == "frames-elsewhere":
            yield Hit(
                f"the frames of video {problem.message} have relative paths: they are opened from the folder in which "
                "training is started, not below ROOT_IMAGE_DIR",
                "Write absolute paths, or start training in the folder that they begin in.",
                media_index=int(problem.message),
            )


RULE = check
