"""A function call that is not the JSON the trainer expects.

## What it finds
Turns with the function tag whose content is not JSON, or lacks `name` or `arguments`. Thoughts in `<think>` tags and
`<tool_call>` tags around the JSON are accepted, as the trainer accepts them.

## Why it matters
The run stops: `RuntimeError: Invalid JSON format in function message: [...]`, or `KeyError: 'arguments'`.

## Example
```json
{"from": "function_call", "value": "{'name': 'search'}"}
```

## What to do
Write `{"name": "search", "arguments": {"q": "cats"}}`, or a list of such objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import parsing
from validator.rules.wording import fails_with


@row_rule("CV006", "function-call-unparsable", "error", needs="problems", trainers=parsing)
def check(case: Case) -> Iterator[Hit]:
    """Report the function call that stops the trainer."""
    for problem in case.facts.problems:
        if problem.kind == "function-json":
            yield Hit(
                f"the function call cannot be read: {fails_with(case.facts, problem.exception, problem.message)}",
                'Write it as {"name": ..., "arguments": {...}}, or a list of these.',
                turn=problem.turn,
            )


RULE = check
