"""A placeholder in the system prompt: it stays plain text.

## What it finds
`<image>`, `<video>` or `<audio>` in the system prompt, from a message or from the system column.

## Why it matters
The trainer neither counts nor expands placeholders there. The model reads `<image>` as plain text, and if the image was
listed, the counts differ and the run stops.

## Example
```json
[{"role": "system", "content": "You see <image>"}, ...]
```

## What to do
Move the placeholder to the first user turn.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule


@row_rule("PH003", "placeholder-in-system-prompt", "error", needs="misplaced")
def check(case: Case) -> Iterator[Hit]:
    """Report system prompts with placeholders."""
    for turn in case.facts.turns:
        if turn.role == "system" and any(turn.placeholders):
            yield Hit(
                "the system prompt contains a placeholder, which the trainer neither counts nor expands",
                "Move it to the first user turn.",
                turn=turn.index,
            )


RULE = check
