"""Text that the loader reads as JSON, because it stands in a column of mixed types.

## What it finds
Text that is JSON by itself (`42`, `null`, `[]`, `{"action": "tap"}`, `"quoted"`), where other rows of the file have a
list, an object or a number in the same place.

## Why it matters
Where the values of one place have several types, the loaders of ms-swift and TRL (`datasets` since 4.7) keep them all
as JSON, and text that is JSON already as it is. It comes back as the value it spells: an answer `42` is a number and
the row is dropped (TRL stops at it), an answer `[]` is empty, an answer `"quoted"` loses its quotes. One row with
list-style content is enough, unless messages have different keys (some a `loss`): then each is kept whole, and its text
stays text.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "text", "text": "How many?"}]}, ...]}
{"messages": [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "42"}]}
```

## What to do
Use one type for all values of the column, or move rows with list-style content to a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import taking_jsons


@row_rule("CV016", "text-read-as-json", "warning", needs="problems", trainers=taking_jsons)
def check(case: Case) -> Iterator[Hit]:
    """Report each path with such text."""
    for problem in case.facts.problems:
        if problem.kind == "read-as-json":
            yield Hit(
                f"text in `{clip(problem.message)}` is read as JSON: other rows have values of another type there",
                "Use one type for all values of the column, or move the other rows to a file of their own.",
                evidence={"path": problem.message},
            )


RULE = check
