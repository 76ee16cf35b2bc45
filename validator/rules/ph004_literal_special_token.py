"""Special tokens of the model in the text.

## What it finds
`<|im_end|>`, `<|im_start|>`, `<|endoftext|>`, `<|image_pad|>`, `<|vision_start|>` and the others, written out in a
turn, in the system prompt or in the tools. The tokens that a model writes itself are allowed: those for boxes, quads
and object references, `<tool_call>`, and in an answer `<think>` with `</think>`.

## Why it matters
The tokenizer turns them into the control tokens themselves: turns end early or start in the wrong place. A literal
`<|image_pad|>` adds an image token without an image and ends the run hours in: `Image features and image tokens do not
match: tokens: 17, features 16`; a `<|vision_start|>` silently shifts positions.

## Example
A chat log that was exported with its template: `Hello<|im_end|>`.

## What to do
Remove or rewrite the token (for example with a space inside), or train with `split_special_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.trainers.layout import ANSWERS

PADS = ("<|image_pad|>", "<|video_pad|>")
"""Tokens that stop training where no image or video stands for them."""
_MEANT = ("<|object_ref_", "<|box_", "<|quad_", "<tool_call>", "</tool_call>")
"""Tokens that Qwen models read and write in text: names and places of objects, tool calls."""

_THOUGHT = ("<think>", "</think>")
"""What stands around a thought, where the vocabulary has it."""


@row_rule("PH004", "literal-special-token", "error", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each turn that holds special tokens, with those that it holds."""
    for turn in case.facts.turns:
        thinks = turn.role in ANSWERS and all(token in turn.special_tokens for token in _THOUGHT)
        meant = _MEANT + _THOUGHT if thinks else _MEANT
        if tokens := [token for token in turn.special_tokens if not token.startswith(meant)]:
            fatal = any(token in PADS for token in tokens)
            effect = _effect(case) if fatal else "the model reads them as control tokens"
            where = "the system prompt (with tools)" if turn.role == "system" else f"turn {turn.index}"
            yield Hit(
                f"{where} contains {', '.join(tokens)}: {effect}",
                "Remove or rewrite them in the text.",
                turn=turn.index,
                evidence={"tokens": tokens},
            )


def _effect(case: Case) -> str:
    return "the row is left out" if case.facts.outcome == "dropped" else "training stops at this row"


RULE = check
