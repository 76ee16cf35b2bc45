"""The messages of a row are null or not a list of objects.

## What it finds
A row whose messages column is null or missing while other rows have it, or contains something other than messages; a
message that is null; a message whose role the trainer takes for a late system prompt; in alpaca rows, a history that is
not a list of pairs. Under TRL with Qwen3.5 also rows without a question, or with a later system message; under ms-swift
`objects` without `bbox`, or with boxes of other than two or four numbers.

## Why it matters
The run stops: `TypeError: object of type 'NoneType' has no len()` (LLaMA-Factory#10116), or
`NotImplementedError: Unexpected role: system`.

## Example
```json
{"messages": null, "images": []}
```

## What to do
Remove the row, or restore its messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import converted, fails_with

_WHAT = {
    "messages-null": "the messages are null",
    "history-type": "the history is not a list of question-answer pairs",
    "message-type": "the messages are not a list of objects with role and content",
    "role-unknown": "the trainer cannot render the role of this turn",
    "objects-type": "the objects do not have the layout that the trainer reads",
    "tools-unreadable": "the tools are text, and no JSON",
    "no-question": "the chat template asks for a question, and no message is one",
    "system-later": "a system message stands behind the first message",
    "column-missing": "a column or a key of a message is missing",
}


@row_rule("CV004", "messages-unusable", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose messages the trainer cannot walk through."""
    for problem in case.facts.problems:
        told = problem.kind == "column-missing" and case.limits.trainer.family == "llamafactory"  # DI005 tells it
        if problem.kind in _WHAT and not told and not converted(case.facts):
            yield Hit(
                f"{_WHAT[problem.kind]}: {fails_with(case.facts, problem.exception, problem.message)}",
                "Remove the row or restore its messages.",
                turn=problem.turn,
            )


RULE = check
