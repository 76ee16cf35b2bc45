"""A message whose content is null vanishes, while the rest of the row is trained on.

## What it finds
Under axolotl messages whose content is neither text nor a list of parts: null, a number, an object.

## Why it matters
axolotl's collator goes on without the message, and logs nothing: a question stays without its answer, or an answer
follows the answer before it. Messages that call tools have such a content. A row whose only answer vanishes has no
label.

## Example
```json
{"role": "assistant", "content": null, "tool_calls": [...]}
```

## What to do
Write the call, or what was meant, as text; or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_whole


@row_rule("CV024", "message-vanishes", "error", needs="problems", trainers=feeding_whole)
def check(case: Case) -> Iterator[Hit]:
    """Report each message."""
    for problem in case.facts.problems:
        if problem.kind == "message-vanishes":
            content = "null" if problem.message == "NoneType" else f"of the type {clip(problem.message, 20)}"
            yield Hit(
                f"turn {problem.turn} is left out, unsaid: its content is {content}, and neither text nor a list",
                "Write the content as text, or remove the row.",
                turn=problem.turn,
            )


RULE = check
