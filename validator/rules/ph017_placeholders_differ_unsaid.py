"""More placeholders than images, or more images than placeholders, and nobody says so.

## What it finds
Rows with a placeholder that no image is left for, or with images that no placeholder takes.

## Why it matters
NeMo AutoModel takes out a placeholder without an image, and leaves an image without a placeholder unread. The row
trains on: the model is asked about a picture that it does not see. LLaMA-Factory, whose registry this is, stops at such
a row.

## Example
```json
{"images": ["a.png"], "messages": [{"role": "user", "content": "<image><image>Which is larger?"},
                                  {"role": "assistant", "content": "The first."}]}
```

## What to do
Write one placeholder in a question for each image.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing


@row_rule("PH017", "placeholders-differ-unsaid", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report each placeholder, and the images."""
    for problem in case.facts.problems:
        if problem.kind == "placeholder-vanishes":
            yield Hit(
                f"no image is left for `{problem.message}` in turn {problem.turn}: it is taken out, unsaid",
                "Write one placeholder in a question for each image.",
                turn=problem.turn,
            )
        elif problem.kind == "images-unused":
            images = count(int(problem.message), "image")
            yield Hit(
                f"{images} without a placeholder in a question: not fed, unsaid",
                "Write one placeholder in a question for each image.",
            )


RULE = check
