"""`<image>` in a text that the trainer does not take for a picture's place.

## What it finds
`<image>`, `<video>` or `<audio>` in the text of messages in a trainer's own layout, where images are parts
(`{"type": "image"}`) or stand in a column.

## Why it matters
The word itself is fed: the model reads `<image>` and learns it. The picture itself goes elsewhere, before the
first question that is text, or nowhere. Data for LLaMA-Factory look like this: there the word is the picture's place.

## Example
```json
{"messages": [{"role": "user", "content": "Compare <image> and <image>."}, ...], "images": ["a.png", "b.png"]}
```

## What to do
Take the words out, and write contents in parts with `{"type": "image"}` where a picture stands, and
`{"type": "video", "video": "a.mp4"}` where a video does.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import reading_own

_PARTS = {
    "<image>": ', and write {"type": "image"} as a part of the content where the picture stands',
    "<video>": ', and write {"type": "video", "video": PATH} as a part of the content where the video stands',
}
_BLOCKS = {
    "<image>": ", and let the picture stand in the question, or in a block of the type image_url",
    "<video>": ", and let the video stand in the question, or in a block of the type video_url",
}
"""Instead of each word, where a trainer makes samples of answers."""


@row_rule("CV018", "placeholder-stays-text", "warning", needs="problems", trainers=reading_own)
def check(case: Case) -> Iterator[Hit]:
    """Report placeholders that are words."""
    for problem in case.facts.problems:
        if problem.kind == "placeholder-is-text":
            instead = _BLOCKS if case.limits.trainer.splits_at_answers else _PARTS
            yield Hit(
                f"`{problem.message}` stays text here: the model reads the word",
                f"Take it out{instead.get(problem.message, '')}.",
                turn=problem.turn,
            )


RULE = check
