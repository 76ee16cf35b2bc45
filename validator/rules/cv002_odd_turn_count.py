"""A conversation that ends with a question: the trainer drops the row.

## What it finds
An odd number of turns after the system message.

## Why it matters
Every question needs its answer. The whole row is removed, the answered turns too; the only trace is
`Invalid message count in [...]` in the log of rank 0 (LLaMA-Factory#2962).

## Example
```json
[{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}, {"from": "human", "value": "Bye"}]
```

## What to do
Remove the last question or add its answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule


@row_rule("CV002", "odd-turn-count", "error", needs="problems")
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose turns do not pair up."""
    for problem in case.facts.problems:
        if problem.kind == "odd-turns":
            yield Hit(f"the trainer drops the row: {problem.message}", "Remove the last question or add its answer.")


RULE = check
