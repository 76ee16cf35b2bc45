"""A list of frames without a rate: the row is replaced by another.

## What it finds
Videos that are given as lists of images and name no `fps`, under NeMo AutoModel with a processor that names none.

## Why it matters
NeMo AutoModel tells the processor when frames are shown, and stops where it knows no rate: `fps is required for
pre-extracted frame sequences when preserve_video_metadata is enabled`. The processors of Qwen2-VL and Qwen2.5-VL, as
they are published, name none. It catches its own error: a warning per row, and another row is trained on in its place.

## Example
```json
{"videos": [["cat/0.png", "cat/1.png"]]}
```

## What to do
Write the rate beside the frames: `{"path": ["cat/0.png", "cat/1.png"], "fps": 2}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing


@row_rule("VD017", "frames-without-rate", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report such lists."""
    for problem in case.facts.problems:
        if problem.kind == "frames-without-rate":
            yield Hit(
                f"a video is a list of frames without `fps`, so that another row takes its place: {problem.message}",
                'Write {"path": [...], "fps": 2} in its place, with the rate of the frames.',
            )


RULE = check
