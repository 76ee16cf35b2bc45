"""Weights that a Qwen2-VL does not have.

## What it finds
Names that do not follow from config.json.

## Why it matters
They are left out when the model is loaded. Where a wrapper's prefix has slipped into all names (`module.`,
`model.model.`), nothing of what was trained is loaded, and all weights are missing too (CK002).

## Example
`module.visual.patch_embed.proj.weight`

## What to do
Save with the trainer's own `save_model`, or rename.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.findings import clip
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK003", "weights-unknown", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Count them and name the first."""
    unknown = case.facts.unknown
    if unknown:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        yield Hit(
            f"`{clip(unknown[0])}`{more}: not part of a Qwen2-VL with this config.json, so not loaded",
            "Rename them, or save the model again.",
            evidence={"tensors": [clip(name, 200) for name in unknown[:20]], "count": len(unknown)},
        )


RULE = check
