"""A message of an unknown role is skipped, while the rest of the row is trained on.

## What it finds
Messages whose role is none of those that the entry's `tags` give for user, assistant and system, under NeMo AutoModel.

## Why it matters
Tools' replies and function calls are skipped so, as it has no tags for them: the answer behind is learned as the answer
to something else. Nothing is logged. LLaMA-Factory, whose registry this is, reads them, or drops the row.

## Example
```json
[{"role": "user", "content": "Rain?"}, {"role": "tool", "content": "sunny"}, {"role": "assistant", "content": "No."}]
```

## What to do
Write the roles as the entry names them, or put what tools say into questions.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing


@row_rule("DI030", "turn-skipped", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report each message of a row of which others are read."""
    if any(problem.kind == "row-emptied" for problem in case.facts.problems):
        return
    for problem in case.facts.problems:
        if problem.kind == "turn-skipped":
            yield Hit(
                f"turn {problem.turn} is skipped: its role is {clip(problem.message, 60)}",
                "Write a role that the entry's `tags` give.",
                turn=problem.turn,
            )


RULE = check
