"""Clips under a transformers that mixes up the positions of their patches.

## What it finds
Rows with videos for a Qwen2-VL or Qwen2.5-VL, where transformers is known to be 5.3, 5.4 or 5.5 (`--versions`, else as
installed here).

## Why it matters
`get_rope_index` of these releases gives all frames of a clip one temporal position, and the rows of patches to others
than theirs: the model is told that what it sees happens at once, in places where it is not. Nothing is logged; tokens
and labels are right. 5.2 and 5.6 do not do it (`findings/patches_of_a_clip_have_mixed_positions.sh`). Images are one
frame and not affected; nor is Qwen3-VL, each of whose frames stands for itself.

## Example
LLaMA-Factory 0.9.5, which allows transformers up to 5.6.0, with 5.5.0 over screen recordings.

## What to do
Install transformers 5.6 or 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.models.families import of_model_type
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

FIRST, MENDED = (5, 3), "5.6.0"


@training_rule("CF041", "clip-positions-mixed", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the release, the family and the data."""
    version, family = case.versions["transformers"], of_model_type(case.model_type)
    if case.data is None or version is None or family is None or family.times_frames:
        return
    rows = int((case.data.videos > 0).sum())
    if rows and version >= FIRST and case.versions.before("transformers", MENDED):
        yield Hit(
            f"{count(rows, 'row')} with videos: {case.versions.shown('transformers')} gives all frames of a clip one "
            "temporal position, and its patches rows that are not theirs",
            "Install transformers 5.6 or 5.2.",
            evidence={"package": "transformers", "rows": rows},
        )


RULE = check
