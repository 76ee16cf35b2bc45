"""Tool messages at the end of a conversation that the trainer loses.

## What it finds
In entries with the openai formatting: tool messages with no turn after them.

## Why it matters
The trainer holds tool messages back until the next turn comes. If none comes, they are silently lost.

## Example
```json
[{"role": "user", "content": "Weather?"}, {"role": "assistant", "tool_calls": [...]}, {"role": "tool", "content": "3"}]
```

## What to do
Add the answer that follows the tool's result, or remove the messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule


@row_rule("CV008", "tool-messages-lost", "warning", needs="problems")
def check(case: Case) -> Iterator[Hit]:
    """Report rows that end with tool messages."""
    for problem in case.facts.problems:
        if problem.kind == "tool-messages-lost":
            yield Hit(
                f"the trainer loses the tool messages: {problem.message}",
                "Add the answer that follows them, or remove them.",
                turn=problem.turn,
            )


RULE = check
