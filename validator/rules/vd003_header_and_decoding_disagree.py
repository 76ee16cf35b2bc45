"""A video whose header does not match its decoded frames.

## What it finds
Videos from whose header (duration, frame rate, number of frames, size) preprocessing counts tokens, while decoding,
which training repeats for every batch, yields another number of frames or another size, or fails. MPEG transport
streams often do not know their number of frames and are then assumed to have 128. `--integrity header` does not see
this.

## Why it matters
Preprocessing passes. Hours later, when the batch comes, training stops: `Video features and video tokens do not match:
tokens: 1035, features 1152` (LLaMA-Factory#7376, #7363).

## Example
A `.ts` recording of three seconds.

## What to do
Rewrite the video (`ffmpeg -i in.ts -c copy out.mp4`), or re-encode it where its data is damaged.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.media.video import LATER
from validator.rules.base import Case, Hit, row_rule


@row_rule("VD003", "header-and-decoding-disagree", "error", depth="fast", needs="faults")
def check(case: Case) -> Iterator[Hit]:
    """Report videos that pass preprocessing and stop training."""
    for media in case.facts.of_kind("video"):
        probe = media.probe
        if probe.fault in LATER:
            reason = probe.message if probe.fault == "header-mismatch" else f"decoding fails: {probe.message}"
            yield Hit(
                f"training stops at the video `{clip(media.written)}`: {clip(reason or '', 160)}",
                "Rewrite the video with a correct header, or re-encode it.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
