"""Roles out of order: the trainer drops the row.

## What it finds
After an optional leading system message, turns must alternate: user or observation, then assistant or function call.
Two questions in a row, an answer first, a system message later on, or a role that is not in the entry's `tags`.

## Why it matters
The row is removed before training. The only trace is `Invalid role tag in [...]` among the log lines of rank 0
(LLaMA-Factory#9600, #7777, #9618); no count, no list.

## Example
```json
[{"from": "gpt", "value": "Hello"}, {"from": "human", "value": "Hi"}]
```

## What to do
Merge or remove the turns that break the order, or correct the role names in `tags`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import role_at


@row_rule("CV001", "role-order", "error", needs="problems")
def check(case: Case) -> Iterator[Hit]:
    """Report the turn at which the order breaks."""
    for problem in case.facts.problems:
        if problem.kind == "role-order":
            unknown = role_at(case.facts, problem.turn)
            yield Hit(
                f"the trainer drops the row: {clip(problem.message, 160)}",
                "Alternate user and assistant turns, starting with the user; check the roles against `tags`.",
                turn=problem.turn,
                evidence={"role": unknown} if unknown else {},
            )


RULE = check
