"""Images and videos under ZeRO-3.

## What it finds
ZeRO-3 with data in which some rows have images, others videos, or both: the vision tower then runs once on one rank and
twice, or for other media, on the next. Rows without media are no problem: LLaMA-Factory adds an image to each batch
without one.

## Why it matters
Under ZeRO-3 each pass through the tower gathers its weights from all ranks. Ranks that run it a different number of
times wait for each other forever; half an hour later the run fails with an NCCL time-out (LLaMA-Factory#5616).

## Example
Screenshots and screen recordings in one run.

## What to do
Use ZeRO-2, or one run for each kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF018", "images-beside-videos", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for both media under ZeRO-3."""
    data = case.data
    if case.zero_stage != 3 or data is None:
        return
    images, videos = int((data.images > 0).sum()), int((data.videos > 0).sum())
    if images and videos:
        yield Hit(
            f"ZeRO-3 over {images:,} rows with images and {videos:,} with videos: ranks run the vision tower a "
            "different number of times and wait for each other forever",
            "Use ZeRO-2, or train on images and videos in separate runs.",
            evidence={"key": "deepspeed", "images": images, "videos": videos},
        )


RULE = check
