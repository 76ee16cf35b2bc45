"""The number of placeholders in the text is not the number of media.

## What it finds
`<image>` (`<video>`, `<audio>`) counted in all turns but the system prompt, against the length of the images (videos,
audios) column. Answers count too, and so does a literal `<image>` in quoted code or Markdown.

## Why it hurts
The first such row ends the run: `ValueError: The number of images does not match the number of <image> tokens in [...]`
(LLaMA-Factory#5658, #7909, #8440, #8734).

## Example
```json
{"messages": [{"role": "user", "content": "Compare them. <image>"}, ...], "images": ["a.png", "b.png"]}
```

## What to do
Add or remove placeholders or media. Where the text means the letters themselves, rewrite them (`< image >`), or set
the trainer's IMAGE_PLACEHOLDER variable to something else for the whole run.
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
        message = f"the row has {count(written, f'{placeholder} placeholder')} for {count(given, kind)}"
        suspect = None
        if written > given and in_answers:
            suspect = in_answers[0]
            message += f"; turn {suspect.index}, an answer, holds a literal {placeholder}"
        elif written > given:
            suspect = holders[-1]
            message += f"; the last stands in turn {suspect.index}"
        yield Hit(
            message,
            f"Make the number of {placeholder} equal to the number of {kind}s, or rewrite a literal {placeholder}.",
            turn=suspect.index if suspect else None,
            evidence={"kind": kind, "placeholders": written, "media": given},
        )


RULE = check
