"""A row without the answer to learn: the trainer drops it.

## What it finds
Alpaca rows whose response is no string, and ranking rows whose chosen or rejected answer is missing.

## Why it hurts
The row is removed; the only trace is `Dropped invalid example` in the log of rank 0.

## Example
```json
{"instruction": "Say hi.", "input": "", "output": null}
```

## What to do
Write the answer or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import EVERY, Case, Hit, row_rule


@row_rule("CV009", "answer-missing", "error", needs="problems", trainers=EVERY)
def check(case: Case) -> Iterator[Hit]:
    """Report rows without an answer."""
    for problem in case.facts.problems:
        if problem.kind in ("no-answer", "no-preference"):
            yield Hit(f"the trainer drops the row: {problem.message}", "Write the answer or remove the row.")


RULE = check
