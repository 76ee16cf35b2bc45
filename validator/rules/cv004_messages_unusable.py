"""The messages of a row are null or no list of objects.

## What it finds
A row whose messages column is null or missing while other rows have it, or holds something else than messages; a
message that is null; a message whose role the trainer takes for a late system prompt; in alpaca rows, a history that
is no list of pairs. Under ms-swift also `objects` without `bbox`, or with boxes of other than two or four numbers.

## Why it hurts
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
from validator.rules.wording import converted, stops_with

_WHAT = {
    "messages-null": "the messages are null",
    "history-type": "the history is no list of pairs of a question and an answer",
    "message-type": "the messages are no list of objects with a role and a content",
    "role-unknown": "the role of this turn is one that the trainer cannot render",
    "objects-type": "the objects are not as the trainer reads them",
    "column-missing": "a column or a key of a message is missing",
}


@row_rule("CV004", "messages-unusable", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose messages the trainer cannot walk through."""
    for problem in case.facts.problems:
        told = problem.kind == "column-missing" and case.limits.trainer.family == "llamafactory"  # DI005 tells it
        if problem.kind in _WHAT and not told and not converted(case.facts):
            yield Hit(
                f"{_WHAT[problem.kind]}: {stops_with(problem.exception, problem.message)}",
                "Remove the row or restore its messages.",
                turn=problem.turn,
            )


RULE = check
