"""More objects than `<bbox>` or `<ref-object>`.

## What it finds
Rows whose `objects.bbox` has more boxes than the text has `<bbox>`, or whose `objects.ref` has more names than it has
`<ref-object>`.

## Why it matters
ms-swift inserts boxes and names in order where the text asks for them, and ignores the rest: the model learns the
answer without its box. If one is missing in the middle, all that follow end up in the wrong place. Nothing is logged.

## Example
```json
{"messages": [..., {"role": "assistant", "content": "none"}], "objects": {"bbox": [[10, 20, 200, 180]]}}
```

## What to do
Write `<bbox>` and `<ref-object>` where the objects belong, or remove the objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import filling

_NAMED = {"bbox": ("box", "boxes", "<bbox>"), "ref": ("name", "names", "<ref-object>")}


@row_rule("PH009", "object-unused", "warning", needs="problems", trainers=filling)
def check(case: Case) -> Iterator[Hit]:
    """Report surplus objects."""
    for problem in case.facts.problems:
        if problem.kind == "objects-unused":
            number, key = problem.message.split()
            one, many, mark = _NAMED[key]
            yield Hit(
                f"{number} {one if number == '1' else many} in `objects.{key}` more than `{mark}` in the text: "
                "the last ones are ignored",
                f"Write a `{mark}` for each, or remove the extra ones.",
                turn=problem.turn,
                evidence={"surplus": int(number), "key": key},
            )


RULE = check
