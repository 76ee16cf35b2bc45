"""A role that the trainer does not know is written as it is called, and nothing of the message is learned.

## What it finds
Under axolotl messages whose role is none of `system`, `user` and `assistant`; in a column `conversations` also none of
`human` and `gpt`. Replies of tools (`tool`) are not reported: they are not learned, as is wanted.

## Why it matters
The words `human` and `gpt` are read as user and assistant in `conversations` with `from` and `value` alone. In
`messages` a `gpt` stays `<|im_start|>gpt`, which the model has never seen, and its answers are not learned. Nothing is
logged, and a row of which no answer is learned has no loss.

## Example
```json
{"messages": [{"role": "human", "content": "Rain?"}, {"role": "gpt", "content": "Yes."}]}
```

## What to do
Write `user` and `assistant`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_whole

_REPLY = "tool"


@row_rule("CV025", "role-not-learned", "error", needs="problems", trainers=feeding_whole)
def check(case: Case) -> Iterator[Hit]:
    """Report each message."""
    if case.limits.train_on_prompt:  # all is learned
        return
    for problem in case.facts.problems:
        if problem.kind == "role-not-learned" and problem.message != _REPLY:
            role = f"the role `{clip(problem.message, 40)}`: it is written as it is called, and"
            yield Hit(
                f"turn {problem.turn} has {role if problem.message else 'no role:'} nothing of the turn is learned",
                "Write user, assistant, system or tool.",
                turn=problem.turn,
            )


RULE = check
