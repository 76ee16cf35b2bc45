"""A video with fewer frames than the trainer samples at least.

## What it finds
Videos of fewer than two frames, under trainers that sample frames in pairs of those that there are.

## Why it matters
qwen-vl-utils stops at the row, `ValueError: nframes should in interval [2, 1], but got 0.`. Qwen's own fine-tuning
takes another row in its place, and ms-swift leaves the row out: it is never trained on. Qwen3-VL's processor stops
TRL, `ValueError: t:1 must be larger than temporal_factor:2`. LLaMA-Factory shows the frame twice (VD005), and so do
the processors of Qwen2-VL and Qwen2.5-VL.

## Example
```json
{"messages": [{"role": "user", "content": "<video>What moves?"}], "videos": ["still.mp4"]}
```

## What to do
Give the frame as an image, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import sampling_pairs


@row_rule("VD010", "video-too-short", "error", needs="faults", trainers=sampling_pairs)
def check(case: Case) -> Iterator[Hit]:
    """Report such videos."""
    for media in case.facts.of_kind("video"):
        if media.probe.fault == "too-short":
            yield Hit(
                f"video {media.index} is too short: {media.probe.exception}: {media.probe.message}",
                "Give its frame as an image, or remove the row.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
