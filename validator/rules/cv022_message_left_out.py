"""A message that is left out, while the rest of the row is trained on.

## What it finds
Messages whose role is none of `system`, `human`, `gpt`, `observation` and `function_call`, and function calls that are
no JSON, in entries with the converter `sharegpt`.

## Why it matters
LLaMA-Factory v1 warns and goes on without the message: the answer behind it is learned as the answer to something else.
LLaMA-Factory itself, and its registry with `tags`, read such roles or drop the row.

## Example
```json
{"conversations": [{"from": "user", "value": "Which colour?"}, {"from": "gpt", "value": "Red."}]}
```

## What to do
Write the roles as the converter knows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting


@row_rule("CV022", "message-left-out", "error", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report each message."""
    for problem in case.facts.problems:
        if problem.kind == "message-left-out":
            yield Hit(
                f"turn {problem.turn} is left out: {clip(problem.message, 120)}",
                "Write system, human, gpt, observation or function_call, and function calls as JSON.",
                turn=problem.turn,
            )


RULE = check
