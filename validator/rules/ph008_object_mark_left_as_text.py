"""More `<bbox>` or `<ref-object>` than the row has objects.

## What it finds
Rows with `objects` whose text, system prompt included, contains more `<bbox>` than `objects.bbox` has boxes, or more
`<ref-object>` than `objects.ref` has names.

## Why it matters
ms-swift replaces only the first ones (`template/base.py`, `_pre_tokenize`). The rest stays in the text: in an answer,
the model learns to write `<bbox>` itself. Nothing is logged.

## Example
```json
{"messages": [..., {"role": "assistant", "content": "<bbox><bbox>"}], "objects": {"bbox": [[10, 20, 200, 180]]}}
```

## What to do
Give every `<bbox>` its box and every `<ref-object>` its name, or remove those without.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import filling


@row_rule("PH008", "object-mark-left-as-text", "warning", needs="problems", trainers=filling)
def check(case: Case) -> Iterator[Hit]:
    """Report surplus marks."""
    for problem in case.facts.problems:
        if problem.kind == "marks-left":
            number, mark = problem.message.split()
            yield Hit(
                f"{number} `{mark}` more than there are in `objects`: the last ones stay plain text",
                "Give each its object in `objects`, or remove those without.",
                turn=problem.turn,
                evidence={"surplus": int(number), "mark": mark},
            )


RULE = check
