"""A checkpoint of another family of models than Qwen2-VL.

## What it finds
A config.json whose `model_type` is not `qwen2_vl`.

## Why it hurts
It need not. Which weights such a model has, and of which shapes, is not known here: that some are missing (CK002),
unknown (CK003) or of another shape (CK004) would not be found. What holds for any weights was looked at: damaged files,
NaN and Inf, types, sizes, and the change since a base.

## Example
`"model_type": "qwen2_5_vl"`

## What to do
Nothing, where it is the model that you mean to train. Else name the right folder.
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
            f"config.json says {case.facts.family}, which is no Qwen2-VL: names and shapes of its weights were not "
            "compared",
            "Name another folder if that is not the model that you mean; its values were looked at.",
            evidence={"folder": case.facts.folder, "model_type": case.facts.family},
        )


RULE = check
