"""A part that should have been frozen has changed.

## What it finds
Weights of the vision tower or the projector (or the language model, where that is frozen) that differ from the base's,
with a `--base`.

## Why it matters
Freezing did not work, or another base was used: if a release renames modules, the freeze no longer matches them, and
the tower is trained at a learning rate meant for the language model.

## Example
`freeze_vision_tower: true`, and `visual.blocks.0.attn.qkv.weight` is 3 % away from the base.

## What to do
Find out which run changed it; restore the base's weights where it should not have been.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.names import part_of
from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK007", "frozen-part-changed", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Look at the drift of each frozen part."""
    for part in case.frozen:
        moved = [
            (tensor.drift, tensor)
            for tensor in case.facts.tensors
            if tensor.drift and tensor.non_finite == 0 and part_of(tensor.name) == part
        ]
        if moved:
            drift, worst = max(moved, key=lambda item: item[0])
            yield Hit(
                f"the {part.replace('_', ' ')} should be frozen, but {len(moved):,} of its tensors differ from the "
                f"base; the largest change is in `{worst.written}`, {drift:.2%}",
                "Find the run that changed it, or restore the base's weights.",
                evidence={"part": part, "tensors": len(moved), "tensor": worst.written, "drift": drift},
            )


RULE = check
