"""A row without a conversation: the trainer drops it.

## What it finds
An empty list of messages, or a system message alone.

## Why it matters
The row is removed; the log says `Dropped invalid example: []`.

## Example
```json
{"messages": [], "images": ["a.png"]}
```

## What to do
Remove the row, or restore its messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("CV003", "no-turns", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows without turns."""
    for problem in case.facts.problems:
        if problem.kind == "no-turns":
            yield Hit(f"the trainer drops the row: {problem.message}", "Remove the row or restore its messages.")


RULE = check
