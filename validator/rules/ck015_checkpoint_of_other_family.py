"""A checkpoint of a model family other than Qwen2-VL.

## What it finds
A config.json whose `model_type` is not `qwen2_vl`.

## Why it matters
The checkpoint may be fine, but which weights such a model has, and their shapes, is not known here: missing (CK002),
unknown (CK003) or wrongly shaped (CK004) weights would not be found. What applies to any weights was checked: damaged
files, NaN and Inf, types, sizes, and the change since a base.

## Example
`"model_type": "qwen2_5_vl"`

## What to do
Nothing if this is the model you mean to train. Otherwise name the right folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK015", "checkpoint-of-other-family", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Name the family."""
    if case.facts.family is not None:
        yield Hit(
            f"config.json says {case.facts.family}, which is not a Qwen2-VL: names and shapes of its weights were not "
            "compared",
            "Name another folder if this is not the model you mean; the values of its weights were checked.",
            evidence={"folder": case.facts.folder, "model_type": case.facts.family},
        )


RULE = check
