"""The number of placeholders in the text differs from the number of media files.

## What it finds
`<image>` (`<video>`, `<audio>`) counted in all turns except the system prompt, compared with the length of the images
(videos, audios) column. Answers count too, and so does an `<image>` in quoted code or Markdown.

## Why it matters
The first such row ends the run: `ValueError: The number of images does not match the number of <image> tokens in [...]`
(LLaMA-Factory#5658, #7909, #8440, #8734).

## Example
```json
{"messages": [{"role": "user", "content": "Compare them. <image>"}, ...], "images": ["a.png", "b.png"]}
```

## What to do
Add or remove placeholders or media. If the text means the word itself, rewrite it (`< image >`), or set the trainer's
IMAGE_PLACEHOLDER variable to something else for the whole run.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.conversation.sample import PLACEHOLDERS
from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import counting
from validator.rules.wording import ANSWERS


@row_rule("PH001", "placeholder-count-mismatch", "error", needs="mismatch", trainers=counting)
def check(case: Case) -> Iterator[Hit]:
    """Compare counts per kind of media and point at the turn that is likeliest wrong."""
    turns = [turn for turn in case.facts.turns if turn.role != "system"]
    broken = {problem.kind for problem in case.facts.problems}
    if broken & {"content-type", "column-missing", "messages-null", "message-type"}:
        return  # nothing to count in
    for place, (kind, placeholder) in enumerate(PLACEHOLDERS.items()):
        written = sum(turn.placeholders[place] for turn in turns)
        given = len(case.facts.of_kind(kind))
        if written == given:
            continue
        holders = [turn for turn in turns if turn.placeholders[place]]
        in_answers = [turn for turn in holders if turn.role in ANSWERS]
        message = f"{count(given, kind)} but {f'{written:,}' if written else 'no'} `{placeholder}` in the text"
        suspect = None
        if written > given and in_answers:
            suspect = in_answers[0]
            message += f"; the answer (turn {suspect.index}) contains the text `{placeholder}`"
        elif written > given:
            suspect = holders[-1]
            message += f"; the last one is in turn {suspect.index}"
        yield Hit(
            message,
            f"Use exactly one {placeholder} per {kind}, or rewrite a {placeholder} that is meant as plain text.",
            turn=suspect.index if suspect else None,
            evidence={"kind": kind, "placeholders": written, "media": given},
        )


RULE = check
