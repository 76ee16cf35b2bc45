"""An answer without text.

## What it finds
Assistant turns that are empty or only white space.

## Why it matters
It does not crash: the labels are the end-of-turn token and a line feed. The model learns to answer with nothing, and a
row with two labels weighs as much in the loss as one with thousands.

## Example
```json
{"role": "assistant", "content": ""}
```

## What to do
Remove the row, or write the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("LB002", "empty-answer", "warning", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report blank answers."""
    for turn in case.facts.turns:
        if turn.role == "assistant" and turn.blank:
            yield Hit(
                f"the answer in turn {turn.index} is empty", "Remove the row or write the answer.", turn=turn.index
            )


RULE = check
