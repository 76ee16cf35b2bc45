"""A row without an answer, where answers alone are learned.

## What it finds
Rows without a message of the assistant in data that are prepared before training, under `assistant_only_loss`.

## Why it matters
Preparation stops at the first one: `RuntimeError: You're using assistant_only_loss=True, but at least one example has
no assistant tokens.` The message blames the chat template, which is not at fault.

## Example
```json
{"messages": [{"role": "user", "content": "What is this?"}]}
```

## What to do
Remove the row, or train without `assistant_only_loss`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import masking
from validator.rules.wording import fails_with


@row_rule("LB005", "no-answer-to-learn", "error", needs="problems", trainers=masking)
def check(case: Case) -> Iterator[Hit]:
    """Report rows without an answer."""
    for problem in case.facts.problems:
        if problem.kind == "no-answer":
            yield Hit(
                f"no message is the assistant's: {fails_with(case.facts, problem.exception, problem.message)}",
                "Remove the row, or train without assistant_only_loss.",
            )


RULE = check
