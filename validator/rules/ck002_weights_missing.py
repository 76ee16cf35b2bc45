"""Weights that config.json calls for but no file contains.

## What it finds
Names that a Qwen2-VL with this config.json has (the same in transformers 4 and 5) and the checkpoint lacks.
`lm_head.weight` may be missing where it is tied to the embedding.

## Why it matters
transformers initialises them at random and says so once: `Some weights of Qwen2VLForConditionalGeneration were not
initialized from the model checkpoint`. Training starts with a loss far above that of the stage before.

## Example
A stage 1 that saved the language model alone.

## What to do
Save the whole model, or take the missing weights from the base.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK002", "weights-missing", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Count them and name the first."""
    missing = case.facts.missing
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        yield Hit(
            f"`{missing[0]}`{more} missing: they would be initialised at random",
            "Save the whole model, or take them from the base.",
            evidence={"tensors": list(missing[:20]), "count": len(missing)},
        )


RULE = check
