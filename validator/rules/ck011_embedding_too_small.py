"""An embedding with fewer rows than the tokenizer has tokens.

## What it finds
A tokenizer.json next to the weights, or the processor that the data was checked with, whose largest id is not in the
embedding.

## Why it matters
`IndexError: index out of range in self` at the first row with such a token; on CUDA a device assert that names no token
and ends the process.

## Example
Tokens were added to the tokenizer, and `resize_vocab` was not set.

## What to do
Set `resize_vocab: true` in the stage that adds the tokens, or take the tokenizer that belongs to these weights.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK011", "embedding-too-small", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Compare rows with ids."""
    facts = case.facts
    for whose, tokens in (("the tokenizer next to it", facts.tokens or 0), ("the data's processor", case.tokens)):
        if facts.rows is not None and tokens > facts.rows:
            yield Hit(
                f"the embedding has {facts.rows:,} rows, {whose} has ids up to {tokens - 1:,}",
                "Set resize_vocab: true, or take the tokenizer of these weights.",
                evidence={"rows": facts.rows, "tokens": tokens},
            )
            return


RULE = check
