"""A row with prompt and completion that trains without its pictures, because one cannot be loaded.

## What it finds
Under unsloth rows with `prompt` and `completion` of which an image is missing or broken.

## Why it matters
In such rows the collator logs the error and goes on without any image of the row: one line of the log, no count, and
the model learns the completion without the picture. The same fault in a row with `messages` stops training.

## Example
```json
{"prompt": [{"role": "user", "content": [{"type": "image"}, ...]}], "completion": [...], "images": ["gone.png"]}
```

## What to do
Restore the file or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import narrowing


@row_rule("DI024", "row-without-its-picture", "error", needs="problems", trainers=narrowing)
def check(case: Case) -> Iterator[Hit]:
    """Report rows that lose their images."""
    for problem in case.facts.problems:
        if problem.kind == "pictures-dropped":
            yield Hit(
                f"`{clip(problem.message)}` cannot be loaded: the row trains without any of its images",
                "Restore the file or remove the row.",
            )


RULE = check
