"""An answer that repeats the system prompt.

## What it finds
Answers that contain the system prompt of their row (20 characters or more), or Qwen's own: `You are a helpful
assistant.`

## Why it matters
The prompt was not removed properly from a model's output. The model learns to recite its instructions.

## Example
`{"role": "assistant", "content": "system\\nYou are a helpful assistant.\\nuser\\n..."}`

## What to do
Remove the prompt from the answer, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn


@row_rule("CV015", "system-prompt-in-answer", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "system-leak" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} repeats the system prompt",
                "Remove the prompt from the answer.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
