"""The chat template of another model in the text.

## What it finds
Control tokens of other models (`[INST]`, `<<SYS>>`, `<|eot_id|>`, `<start_of_turn>`, `<|user|>` ...), and turns that
hold both `Human:` and `Assistant:` (or their like) at the start of a line.

## Why it matters
For Qwen2-VL these are ordinary text. A whole dialogue in one turn is learned as one answer: the model continues with
the user's part. In an answer it learns to write these tokens.

## Example
`"content": "[INST] What is this? [/INST] A cat."`

## What to do
Split the text into turns, and remove the other model's tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn


@row_rule("CV014", "foreign-chat-template", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn whose text looks like it."""
    for turn in case.facts.turns:
        if "foreign-template" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} contains control tokens or role markers of another chat template",
                "Split the text into turns and remove the markers.",
                turn=turn.index,
                evidence={"num_characters": turn.num_characters},
            )


RULE = check
