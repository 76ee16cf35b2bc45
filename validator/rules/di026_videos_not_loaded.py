"""Video parts for which no video is loaded: the model is fed a token for each, and nothing else.

## What it finds
Under unsloth rows whose messages hold video parts beside a column `images` that is not null, be it an empty list.

## Why it matters
Where `images` is something, unsloth's collator looks at that column alone: videos within messages are not opened. The
row trains, without an error, on one `<|video_pad|>` where hundreds should be, and the model learns to answer without
looking. TRL wants such a column, and unsloth none: data that are right for one are wrong for the other (DI025).

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "video", "video": "a.mp4"}, ...]}, ...], "images": []}
```

## What to do
Remove the column `images`, or set it to null in such rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import narrowing


@row_rule("DI026", "videos-not-loaded", "error", needs="problems", trainers=narrowing)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose video parts stay empty."""
    for problem in case.facts.problems:
        if problem.kind == "videos-not-loaded":
            number = int(problem.message)
            yield Hit(
                f"no video is loaded for {count(number, 'video part')}: the model is fed one token for each",
                "Remove the column images, or set it to null in rows with videos.",
                evidence={"parts": number},
            )


RULE = check
