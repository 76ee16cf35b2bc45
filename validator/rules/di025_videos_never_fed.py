"""Videos stand in the messages of a table that has no column of images: they are loaded, and never fed.

## What it finds
Rows whose parts hold videos (`{"type": "video", "video": "a.mp4"}`), in data without a column `image` or `images`.

## Why it matters
TRL knows no videos: it takes a table for one of pictures by a column of images alone. Without one it prepares the rows
as text: each video is decoded to count its tokens, and then dropped. The model is fed thousands of `<|video_pad|>` and
no frame, without an error or a warning (TRL 1.16, `sft_trainer.py`, `_prepare_dataset`). A column `videos` is no
remedy: it is never read (DI017).

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "video", "video": "a.mp4"}, ...]}, ...]}
```

## What to do
Add a column `images` that is an empty list in every row: TRL then reads the videos in the parts while it trains.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import masking


@row_rule("DI025", "videos-never-fed", "error", needs="problems", trainers=masking)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose videos are written as tokens alone."""
    for problem in case.facts.problems:
        if problem.kind == "videos-not-fed":
            number, tokens = int(problem.message), case.facts.num_video_tokens or 0
            yield Hit(
                f"{count(number, 'video')} in the messages, but the data have no column `images`: the model is fed "
                f"{tokens:,} video tokens and no frame",
                "Add a column `images` that is an empty list in every row.",
                evidence={"videos": number, "video_tokens": tokens},
            )


RULE = check
