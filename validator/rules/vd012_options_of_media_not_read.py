"""Sizes and sampling that a row asks for its own media, and that the trainer does not read.

## What it finds
Parts of a content such as `{"type": "video", "video": "a.mp4", "fps": 1, "max_pixels": 50176}` under ms-swift.

## Why it matters
qwen-vl-utils and Qwen's own examples say in the part how its video is sampled and resized. ms-swift takes the path
alone: `fps`, `nframes`, `video_start`, `max_pixels` and the like are lost without words. All media of the run are
sampled and resized by the environment (`FPS`, `FPS_MAX_FRAMES`, `VIDEO_MAX_PIXELS`, `MAX_PIXELS` ...), so that a clip
cut by `video_start` and `video_end` is shown from its beginning to its end.

## Example
```json
{"type": "video", "video": "match.mp4", "video_start": 30, "video_end": 40, "fps": 4}
```

## What to do
Set the variables for the whole run, cut and resize the files themselves, or write `chat_template_kwargs` into the
row, which ms-swift gives to qwen-vl-utils for all media of the row (it is unchecked here then).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import by_environment


@row_rule("VD012", "options-of-media-not-read", "warning", needs="problems", trainers=by_environment)
def check(case: Case) -> Iterator[Hit]:
    """Report parts with such keys."""
    for problem in case.facts.problems:
        if problem.kind == "options-unread":
            yield Hit(
                f"a part says `{problem.message}` of its file, which the trainer does not read",
                "Set FPS, FPS_MAX_FRAMES, VIDEO_MAX_PIXELS or MAX_PIXELS for the run, or change the file.",
                turn=problem.turn,
                evidence={"keys": problem.message},
            )


RULE = check
