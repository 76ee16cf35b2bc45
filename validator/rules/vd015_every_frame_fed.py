"""Every frame of a video is fed, where two a second are meant.

## What it finds
Videos of more than 32 frames that are fed whole: under TRL, LLaMA-Factory v1 and NeMo AutoModel with Qwen2-VL and
Qwen2.5-VL.

## Why it matters
The video processor of these models samples no frames by itself (`do_sample_frames` is false in transformers 5), and
these trainers ask for none: a clip of ten seconds at 30 frames a second is fed as 300 frames, where LLaMA-Factory's
main way and Qwen's own fine-tuning feed 20. Rows become fifteen times as long. Above `max_length` (1024 where nothing
is set) TRL's collator stops: ``Mismatch in `video` token count between text and `input_ids` `` (TK001). LLaMA-Factory
v1 drops a row of which no answer lies within `cutoff_len` (TK012), and NeMo AutoModel, which feeds at most 768 frames,
puts another in the place of one above `max_length` (TK013). Qwen3-VL's samples two a second.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "video", "video": "ten-seconds.mp4"}, ...]}, ...], "images": []}
```

## What to do
Write the clips with two frames a second, or set `do_sample_frames` to true and `fps` to 2 in the
`video_preprocessor_config.json` of the model (for NeMo AutoModel `fps` alone). Rows of such a processor are not counted
here.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.media.video import LISTED
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import feeding_every_frame

_FEW = 32
"""Frames: two a second of a clip of 16 seconds."""


@row_rule("VD015", "every-frame-fed", "warning", needs="videos", trainers=feeding_every_frame)
def check(case: Case) -> Iterator[Hit]:
    """Look at the frames that are fed."""
    named = {int(problem.message) for problem in case.facts.problems if problem.kind == "frames-named"}
    for video in case.facts.of_kind("video"):
        if video.index in named:
            continue
        number = video.probe.frames or 0
        probe = video.probe
        if number > _FEW and probe.format != LISTED and not video.seconds and not probe.fault:
            yield Hit(
                f"{_all(number, case)}{number:,} frames of the video `{clip(video.written)}` are fed: the processor "
                "samples none",
                "Write the clip with two frames a second, or have the processor sample them.",
                turn=video.turn,
                media_index=video.index,
                evidence={"frames": number},
            )


def _all(number: int, case: Case) -> str:
    """Of a video with as many frames as a trainer feeds at most it is not known that these are all."""
    video = case.limits.trainer.video
    return "" if video is not None and video.sampler == "up-to-most" and number == video.most else "all "


RULE = check
