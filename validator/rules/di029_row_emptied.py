"""A row of which no message is read: it trains on a white picture.

## What it finds
Rows without a message of a role that the entry names, under NeMo AutoModel.

## Why it matters
Its registry has the keys of LLaMA-Factory's and other defaults: `messages`, `role`, `content`, `user`, `assistant`,
where LLaMA-Factory has `conversations`, `from`, `value`, `human`, `gpt`. An entry without `columns` and `tags` that the
one reads is emptied by the other. Rows without media get a white picture, and so such a row is fed as this picture
alone, without a label. Nothing is logged.

## Example
```json
{"screens": {"file_name": "screens.json", "formatting": "sharegpt"}}
```

## What to do
Give the entry `columns` and `tags` that name what the rows have.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing


@row_rule("DI029", "row-emptied", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report the row."""
    for problem in case.facts.problems:
        if problem.kind == "row-emptied":
            messages = int(problem.message)
            which = f"none of its {count(messages, 'message')} is read" if messages else "no message is found"
            yield Hit(
                f"{which}: the row is fed as a white picture",
                "Name the column of messages in `columns`, and the words for roles in `tags`"
                + ("." if messages else ", or remove the row if it has none."),
            )


RULE = check
