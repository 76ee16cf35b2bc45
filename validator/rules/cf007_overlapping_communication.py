"""ZeRO-1 or ZeRO-2 with overlap_comm, in a version with a race in its gradient buffers.

## What it finds
`overlap_comm: true` under ZeRO-1 or ZeRO-2 with a DeepSpeed before 0.19.0, or of unknown version.

## Why it matters
A gradient buffer may be overwritten before its reduction has finished. DeepSpeed fixed two such races: PR #5606
(0.14.3) and PR #7965 (0.19.0: "zero2: 11.20 -> 11.17 -> nan", ZeRO-1 and 3 fine). DeepSpeed#5347 reports NaN that
`overlap_comm: false` stops, for 0.16.4 too. No sample is to blame then, and no replay in one process can show it.

## Example
`"zero_optimization": {"stage": 2, "overlap_comm": true}` with DeepSpeed 0.14.4.

## What to do
Set `overlap_comm: false`; it costs some speed. Or install DeepSpeed 0.19.0 or later.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF007", "overlapping-communication", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at stage, switch and version."""
    deepspeed = case.deepspeed
    if deepspeed is None or deepspeed.stage not in (1, 2) or not deepspeed.overlaps:
        return
    if case.versions["deepspeed"] is None or case.versions.before("deepspeed", "0.19.0"):
        first = "; another was fixed in 0.14.3" if case.versions.before("deepspeed", "0.14.3") else ""
        yield Hit(
            f"`overlap_comm` is on in {deepspeed.name} under ZeRO-{deepspeed.stage} of "
            f"{case.versions.shown('deepspeed')}: versions before 0.19.0 have a race in gradient buffers{first}",
            "Set overlap_comm: false, or install DeepSpeed 0.19.0 or later.",
            evidence={"key": "zero_optimization.overlap_comm", "stage": deepspeed.stage},
        )


RULE = check
