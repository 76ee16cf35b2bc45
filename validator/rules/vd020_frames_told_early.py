"""Frames of videos that are told earlier than they are shown.

## What it finds
Videos of Qwen3-VL under unsloth, where the last frame is told 0.3 seconds or more too early, less the time that one
frame is shown. Once per entry, with the largest difference.

## Why it matters
unsloth takes frames from the first to the last of a video, and then hands on how many it took and their rate, not which
they were. The processor takes the rate for the distance between them, so that times are told as if the last frame stood
one distance before the end: a clip of two seconds, of which four frames are taken, is told as `<0.2 seconds>` and
`<1.2 seconds>`, and is `<0.3 seconds>` and `<1.6 seconds>` for the processor itself, TRL, ms-swift, and whoever serves
the model. It learns times that are too small, most of all in short clips, and in those of more than six minutes, of
which 768 frames are taken. Nothing is logged.

## Example
```json
{"messages": [{"role": "user", "content": [{"type": "video", "video": "two-seconds.mp4"}, ...]}, ...]}
```

## What to do
Where answers hold times, write the clips with two frames a second, of which all are taken and told rightly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.noticed import Noticed
from validator.rules.scope import numbering_frames

_SEEN = 0.3
"""Seconds."""


@dataclass(slots=True)
class Early:
    """Rows with such videos, and the largest distance between frames, in seconds."""

    most: float = 0.0
    noticed: Noticed = field(default_factory=Noticed)


def fold(early: Early, case: Case) -> None:
    """Look at the distances between frames as they are told."""
    if case.facts.num_tokens is None:
        return
    told = [item.seconds for item in case.facts.of_kind("video") if item.seconds]
    most = max(((times[1] - times[0]) / 2 if len(times) > 1 else 2 * times[0] for times in told), default=0.0)
    if most >= _SEEN:
        early.most = max(early.most, most)
        early.noticed.add(case.facts)


def finish(early: Early, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if early.noticed.rows:
        yield Hit(
            f"the frames of videos are told too early, the last of a video by up to {early.most:.1f} seconds less the "
            f"time that one frame is shown: {early.noticed}",
            "Where answers hold times, write the clips with two frames a second.",
            evidence={"seconds": round(early.most, 3), "rows": early.noticed.rows},
        )


def merge(left: Early, right: Early) -> Early:
    """Join two parts of an entry."""
    return Early(max(left.most, right.most), left.noticed.merge(right.noticed))


RULE = corpus_rule(
    "VD020",
    "frames-told-early",
    "warning",
    CorpusCheck(finish, Early, fold, merge, needs="media"),
    trainers=numbering_frames,
)
