"""A tool description that is not the JSON the trainer expects.

## What it finds
A tools column whose text is not JSON, or not a list of objects. A list or object instead of text counts too: the
trainer needs the JSON as a string.

## Why it matters
The run stops: `RuntimeError: Invalid JSON format in tool description: [...]`, or an `AttributeError` or `TypeError`.

## Example
```json
{"tools": "search(q)"}
```

## What to do
Store a string that holds a JSON list: `"[{\\"name\\": \\"search\\", \\"parameters\\": {}}]"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import parsing
from validator.rules.wording import converted, fails_with


@row_rule("CV007", "tools-unparsable", "error", needs="problems", trainers=parsing)
def check(case: Case) -> Iterator[Hit]:
    """Report tools that stop the trainer."""
    for problem in case.facts.problems:
        if problem.kind == "tools-json" and not converted(case.facts):
            yield Hit(
                f"the tools cannot be read: {fails_with(case.facts, problem.exception, problem.message)}",
                "Store a JSON list of tool objects, as a string.",
            )


RULE = check
