"""Special tokens in the text that are broken up.

## What it finds
`<|im_end|>`, `<|image_pad|>`, `<|box_start|>` and the other special tokens of the model, written out in a text.

## Why it matters
LLaMA-Factory v1 puts a space without width (U+200B) behind the first character of each, so that the model reads text.
That keeps a stray `<|im_end|>` from ending a turn. But tokens that are meant, as `<|box_start|>` and
`<|object_ref_start|>` in answers that name places, are never learned: the model is taught seven tokens of text in the
place of each.

## Example
`<|object_ref_start|>the cat<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>`

## What to do
Remove tokens that are not meant. For answers with boxes train with LLaMA-Factory itself, or write them without these
tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting


@row_rule("PH015", "special-token-broken-up", "warning", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn that held special tokens."""
    for problem in case.facts.problems:
        if problem.kind == "tokens-broken-up":
            yield Hit(
                f"turn {problem.turn} contains {problem.message}: the model reads them as text, broken up by U+200B",
                "Remove them, or write what they are for without them.",
                turn=problem.turn,
                evidence={"tokens": problem.message.split(", ")},
            )


RULE = check
