"""Weights whose shape differs from config.json.

## What it finds
Tensors whose shape is not the one that follows from config.json.

## Why it matters
`RuntimeError: Error(s) in loading state_dict: size mismatch`; or with `ignore_mismatched_sizes` they are initialised at
random.

## Example
The config.json of Qwen2-VL-2B beside weights of 7B.

## What to do
Put the right config.json beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK004", "weights-of-other-shape", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Count them and name the first."""
    shapes = case.facts.misshapen
    if shapes:
        name, found, wanted = shapes[0]
        more = f"; {len(shapes) - 1:,} more" if len(shapes) > 1 else ""
        yield Hit(
            f"`{name}` is {_by(found)}, config.json says {_by(wanted)}{more}",
            "Put the config.json of these weights next to them.",
            evidence={"tensors": [name for name, _, _ in shapes[:20]], "count": len(shapes)},
        )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a number"


RULE = check
