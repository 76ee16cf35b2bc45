"""More placeholders than media, or more media than placeholders, and nobody says so.

## What it finds
Rows with a placeholder that no image or video is left for, or with images or videos that no placeholder takes.

## Why it matters
NeMo AutoModel takes out a placeholder without a medium, and leaves a medium without a placeholder unread. The row
trains on: the model is asked about a picture that it does not see. LLaMA-Factory, whose registry this is, stops at such
a row.

## Example
```json
{"images": ["a.png"], "messages": [{"role": "user", "content": "<image><image>Which is larger?"},
                                  {"role": "assistant", "content": "The first."}]}
```

## What to do
Write one placeholder in a question for each image and video.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing

_UNUSED = {"images-unused": "image", "videos-unused": "video"}


@row_rule("PH017", "placeholders-differ-unsaid", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report each placeholder, and the media."""
    for problem in case.facts.problems:
        if problem.kind == "placeholder-vanishes":
            kind = problem.message.lower().strip("<>")
            yield Hit(
                f"no {kind} is left for `{problem.message}` in turn {problem.turn}: it is taken out, unsaid",
                f"Write one placeholder in a question for each {kind}.",
                turn=problem.turn,
            )
        elif problem.kind in _UNUSED:
            kind = _UNUSED[problem.kind]
            yield Hit(
                f"{count(int(problem.message), kind)} without a placeholder in a question: not fed, unsaid",
                f"Write one placeholder in a question for each {kind}.",
            )


RULE = check
