"""A video that is given the timestamps of another (Qwen3-VL under LLaMA-Factory 0.9.5).

## What it finds
Videos whose frames are written with the wrong timestamps. LLaMA-Factory 0.9.5 takes the timestamps of the video whose
number is that of the *message*, counted from 0: two videos in one question both get the timestamps of the first.

## Why it matters
The model learns what happens at wrong seconds; an answer that names a time, such as `at 0:12`, contradicts what the
model is given. Nothing is logged.

## Example
`<video><video>What is different?` with a video of 4 seconds and one of 60: both are given as 4 seconds.

## What to do
One video per row, in its first message; or train with a build of LLaMA-Factory after July 2026 (pull request 10518).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import mixing_times


@row_rule("VD009", "video-with-times-of-another", "warning", trainers=mixing_times, needs="videos")
def check(case: Case) -> Iterator[Hit]:
    """Compare the times of a video with those of the one whose number its message has."""
    videos = case.facts.of_kind("video")
    if case.facts.outcome != "ok" or len(videos) < 2 or not all(video.seconds for video in videos):
        return
    places = {turn.index: place for place, turn in enumerate(t for t in case.facts.turns if t.role != "system")}
    for video in videos:
        told = videos[places[video.turn]] if video.turn in places and places[video.turn] < len(videos) else video
        if told.seconds != video.seconds and len(told.seconds) == len(video.seconds):
            yield Hit(
                f"the video `{clip(video.written)}` is given the timestamps of `{clip(told.written)}`: up to "
                f"{told.seconds[-1]:.1f} seconds, but its own last frames are at {video.seconds[-1]:.1f}",
                "Keep one video per row, in its first message, or use a later LLaMA-Factory.",
                turn=video.turn,
                media_index=video.index,
                evidence={"told": round(told.seconds[-1], 1), "own": round(video.seconds[-1], 1)},
            )


RULE = check
