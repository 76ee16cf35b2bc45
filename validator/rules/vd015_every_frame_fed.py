"""Every frame of a video is fed, where two a second are meant.

## What it finds
Videos of more than 32 frames that are fed whole: under TRL with Qwen2-VL and Qwen2.5-VL.

## Why it matters
The video processor of these models samples no frames by itself (`do_sample_frames` is false in transformers 5.24), and
TRL asks for none: a clip of ten seconds at 30 frames a second is fed as 300 frames, where LLaMA-Factory and Qwen's own
fine-tuning feed 20. Rows become fifteen times as long, and above `max_length` (1024 where nothing is set) the collator
stops: ``Mismatch in `video` token count between text and `input_ids` `` (TK001). Qwen3-VL's samples two a second.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "video", "video": "ten-seconds.mp4"}, ...]}, ...], "images": []}
```

## What to do
Write the clips with two frames a second, or set `processor.video_processor.do_sample_frames = True` and `fps = 2`
before training. Rows of such a processor are not counted here.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_every_frame

_FEW = 32
"""Frames: two a second of a clip of 16 seconds."""


@row_rule("VD015", "every-frame-fed", "warning", needs="videos", trainers=feeding_every_frame)
def check(case: Case) -> Iterator[Hit]:
    """Look at the frames that are fed."""
    for video in case.facts.of_kind("video"):
        number = video.probe.frames or 0
        if number > _FEW and not video.seconds and not video.probe.fault:
            yield Hit(
                f"all {number:,} frames of the video `{clip(video.written)}` are fed: the processor samples none",
                "Write the clip with two frames a second, or have the processor sample them.",
                turn=video.turn,
                media_index=video.index,
                evidence={"frames": number},
            )


RULE = check
