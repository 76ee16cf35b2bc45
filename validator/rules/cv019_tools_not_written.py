"""Tools or calls that the model's chat template does not write.

## What it finds
Rows in a trainer's own layout with `tools`, or with `tool_calls` in a message.

## Why it matters
The chat templates of Qwen2-VL and Qwen2.5-VL know neither, and TRL's collator for pictures is not even given the
column: the model never sees which tools there are, and a message that is a call becomes an empty answer, which is
learned.

## Example
```json
{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "find"}}]}], "images": []}
```

## What to do
Write tools into the system prompt and calls into the answers as text, or train a model whose template has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import reading_own

_WHAT = {"tools-not-written": "the tools of this row", "calls-not-written": "the tool_calls of this message"}


@row_rule("CV019", "tools-not-written", "warning", needs="problems", trainers=reading_own)
def check(case: Case) -> Iterator[Hit]:
    """Report what the template leaves out."""
    for problem in case.facts.problems:
        if problem.kind in _WHAT:
            yield Hit(
                f"{_WHAT[problem.kind]} are not fed: the chat template does not write them",
                "Write them into the text of the messages.",
                turn=problem.turn,
            )


RULE = check
