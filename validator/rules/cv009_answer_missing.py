"""A row without an answer: the trainer drops it.

## What it finds
Alpaca rows whose response is not a string, and ranking rows whose chosen or rejected answer is missing.

## Why it matters
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

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import converted


@row_rule("CV009", "answer-missing", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows without an answer."""
    for problem in case.facts.problems:
        if problem.kind in ("no-answer", "no-preference") and not converted(case.facts):
            typed = "not text but" in problem.message
            advice = "Write the answer as text, in quotes." if typed else "Write the answer or remove the row."
            yield Hit(f"the trainer drops the row: {clip(problem.message)}", advice)


RULE = check
