"""Videos are read by a package that the trainer is installed without.

## What it finds
Entries with videos, under trainers that do not bring the package by which they read them. Once per entry; whether it is
installed where training runs is not seen here.

## Why it matters
LLaMA-Factory v1 leaves videos to transformers, which reads them by torchcodec. Without that it falls back on a reader
that torchvision has dropped in its release 0.26, and the run stops at the first video: `AttributeError: module
'torchvision.io' has no attribute 'read_video'`. NeMo AutoModel reads them by decord, which comes with
`nemo-automodel[vlm-media]` on Linux x86-64 alone, and not with `[vlm]`. Without it **every row with a video is replaced
by another**: `decord is required to read video files` is a warning per row, and the run goes on without them.

## Example
```json
{"messages": [{"role": "user", "content": "<video>What moves?"}, {"role": "assistant", "content": "A cat."}],
 "videos": ["cat.mp4"]}
```

## What to do
Install the package that the finding names where training runs, and import it there once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.findings import count
from validator.media.video import LISTED
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import reading_by_others


@dataclass(slots=True)
class RowsOfVideos:
    """How many rows have a video that is a file."""

    rows: int = 0


def fold(shown: RowsOfVideos, case: Case) -> None:
    """Count a row."""
    shown.rows += any(video.probe.format != LISTED for video in case.facts.of_kind("video"))


def merge(left: RowsOfVideos, right: RowsOfVideos) -> RowsOfVideos:
    """Add two parts."""
    return RowsOfVideos(left.rows + right.rows)


def finish(shown: RowsOfVideos, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    trainer = entry.settings.profile
    if not shown.rows or trainer.video is None:
        return
    effect = "training stops at the first" if trainer.stops_at_failures else "each is replaced by another row"
    yield Hit(
        f"{count(shown.rows, 'row')} with videos: {trainer.describes} reads them by {trainer.video.reader}, which is "
        f"not installed along with it; without it {effect}",
        f"See that `import {trainer.video.reader}` works where training runs.",
        evidence={"rows": shown.rows, "package": trainer.video.reader},
    )


RULE = corpus_rule(
    "VD016",
    "video-reader-apart",
    "warning",
    CorpusCheck(finish, RowsOfVideos, fold, merge, needs="media"),
    trainers=reading_by_others,
)
