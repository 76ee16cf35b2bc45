"""Frames of videos with more pixels than the limit that is set.

## What it finds
Data sets with videos under ms-swift where `VIDEO_MAX_PIXELS` (`--video-max-pixels`) is below 1.05 times
`VIDEO_MIN_PIXELS` (`--video-min-pixels`), and frames that are therefore larger than it allows.

## Why it matters
qwen-vl-utils raises the most pixels of a frame to 1.05 times the least, without words. Where only `VIDEO_MAX_PIXELS`
is set, the least are 128 tokens: 100,352 pixels (Qwen3-VL: 131,072). The setting `VIDEO_MAX_PIXELS=50176` of many
examples thus gives frames of some 130 tokens instead of 64: twice the tokens and the memory, and small videos are
enlarged to that.

## Example
`VIDEO_MAX_PIXELS=50176 FPS_MAX_FRAMES=12 swift sft ...`: a video of 640 x 360 is fed in frames of 420 x 224 pixels,
120 tokens each, not of 280 x 168.

## What to do
Set `VIDEO_MIN_PIXELS` as well, to at most `VIDEO_MAX_PIXELS` / 1.05, for example to 3136.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.findings import clip, count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import by_environment


@dataclass(slots=True)
class Larger:
    """How many videos have frames above the limit, the pixels of the largest frame, the limit and the least pixels,
    and the first row with one: its place, file and number.
    """

    videos: int = 0
    pixels: int = 0
    most: int = 0
    least: int = 0
    first: tuple[int, str, int] | None = None


def fold(larger: Larger, case: Case) -> None:
    """Count the videos of a row."""
    limits, facts = case.limits.image, case.facts
    if case.settings.video_max_pixels is None or limits.video_max_pixels >= int(limits.video_min_pixels * 1.05):
        return
    for video in facts.of_kind("video"):
        probe = video.probe
        if probe.fault or not (probe.width and probe.height and probe.frames):
            continue
        try:
            rows, columns = case.limits.trainer.frame_grid(probe.width, probe.height, probe.frames, limits)
        except ValueError:  # the trainer leaves it out
            continue
        pixels = rows * columns * limits.patch_size**2
        if pixels > limits.video_max_pixels:
            one = Larger(
                1, pixels, limits.video_max_pixels, limits.video_min_pixels, (case.place, facts.file, facts.row)
            )
            merge(larger, one)


def merge(left: Larger, right: Larger) -> Larger:
    """Add two parts."""
    left.videos += right.videos
    left.pixels = max(left.pixels, right.pixels)
    left.most, left.least = max(left.most, right.most), max(left.least, right.least)
    left.first = min(filter(None, (left.first, right.first)), default=None)
    return left


def finish(larger: Larger, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once for the entry."""
    if larger.first is None:
        return
    _, file, row = larger.first
    yield Hit(
        f"{count(larger.videos, 'video')} (first: row {row} of {clip(file)}) {'has' if larger.videos == 1 else 'have'} "
        f"frames of up to {larger.pixels:,} pixels, above VIDEO_MAX_PIXELS ({larger.most:,} in whole tokens): it is "
        f"raised to 1.05 times VIDEO_MIN_PIXELS ({larger.least:,})",
        "Set VIDEO_MIN_PIXELS (--video-min-pixels) too, to at most VIDEO_MAX_PIXELS / 1.05.",
        evidence={"videos": larger.videos, "pixels": larger.pixels, "most": larger.most, "least": larger.least},
    )


RULE = corpus_rule(
    "VD011",
    "video-limit-not-kept",
    "warning",
    CorpusCheck(finish, Larger, fold, merge, needs="media"),
    trainers=by_environment,
)
