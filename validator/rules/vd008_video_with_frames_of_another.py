"""A video for which LLaMA-Factory 0.9.5 uses the frames or timestamps of another (Qwen3-VL).

## What it finds
Under a Qwen3-VL template, every two frames of a video are in the text, after their timestamp. LLaMA-Factory 0.9.5
writes as many of them as the *first* video of the row has, with the timestamps of the video whose number is that of the
*message*. Reported are rows with a video in a message that has no video of its number, rows whose first video has more
frames than that one has times, and rows whose videos have different numbers of frames.

## Why it matters
Preprocessing stops with `IndexError: list index out of range`, which names no row; or it passes, and training stops
at the batch: `Video features and video tokens do not match`.

## Example
A conversation with its only `<video>` in the second question: that is message 2, and there is no video 2.

## What to do
Put the `<video>` into the first message of the row, one video per row; or train with a build of LLaMA-Factory after
July 2026, which gives each video its own frames (pull request 10518).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule

HELP = "Use one <video> per row, in its first message, or a later LLaMA-Factory, which fixes this."


@row_rule("VD008", "video-with-frames-of-another", "error", needs="videos")
def check(case: Case) -> Iterator[Hit]:
    """Report what stops preprocessing, else videos that are written with another number of frames than they have."""
    videos = case.facts.of_kind("video")
    if not any(video.seconds for video in videos):
        return
    for problem in case.facts.problems:
        if problem.kind == "video-times":
            yield Hit(
                f"the trainer stops: a <video> is in message {problem.turn}, for which it looks up the video of "
                f"that number, counted from 0, and finds none or too few frames; the row has {len(videos)}",
                HELP,
                turn=problem.turn,
                evidence={"videos": len(videos)},
            )
            return
    slots = (slot for turn in case.facts.turns for slot in turn.slots if slot.kind == "video")
    written = Counter(slot.index for slot in slots)
    for video in videos:
        fed, times = (video.probe.frames or 0) // 2, written[video.index]
        if times and times != fed:
            yield Hit(
                f"training stops: the video `{clip(video.written)}` is written as {times} pairs of frames, which are "
                f"those of the first video of the row, and has {fed}",
                HELP,
                turn=video.turn,
                media_index=video.index,
                evidence={"written": times, "fed": fed},
            )


RULE = check
