"""More or fewer `<image>`, `<video>` or `<audio>` than media.

## What it finds
Rows whose placeholders are not as many as the elements of their column.

## Why it matters
LLaMA-Factory v1 converts all rows before it trains, and stops at such a row: `ValueError: More <image> tags than
provided media files.` The message names no row. Placeholders count in messages of every role but function calls; of
alpaca rows in the question alone.

## Example
```json
{"conversations": [{"from": "human", "value": "<image>And this?"}, {"from": "gpt", "value": "A dog."}], "images": []}
```

## What to do
Write one placeholder for each element.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting
from validator.rules.wording import fails_with


@row_rule("PH016", "tags-do-not-match", "error", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report the row."""
    for problem in case.facts.problems:
        if problem.kind == "tags-mismatch":
            yield Hit(
                f"placeholders and media do not fit: {fails_with(case.facts, problem.exception, problem.message)}",
                "Write one placeholder for each element of the column.",
                turn=problem.turn,
            )


RULE = check
