"""A JPEG that loads, but in which a second decoder finds damaged data.

## What it finds
With `--advice`: JPEG (and MPO) files that the trainer loads and in which FFmpeg's decoder, run in a process of its own,
meets impossible codes or misses data. This is a hint, not a verdict: of damaged JPEGs that load, it finds about half,
and it says nothing of those that are slow to decode (MD012). Other formats need no advice (Pillow notices damage to a
PNG itself) or have none: changed bits in BMP, TIFF, GIF, WebP, AVIF and JPEG 2000 files are rarely noticed by any
decoder. Images in the frame list of a video are not checked.

## Why it matters
libjpeg makes an image from whatever it reads, and Pillow drops its warnings: from the damaged place on, the picture is
shifted, discoloured or grey. The model learns to answer about that.

## Example
A photograph of which a flash card lost a block: grey below the middle.

## What to do
Check the image. Fetch it again or remove the row if it is spoiled.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD011", "image-possibly-garbled", "info", depth="fast", option="advice", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report what the second decoder complained of."""
    for media in case.facts.media:
        probe = media.probe
        if probe.advice is not None:
            yield Hit(
                f"the {probe.format} `{clip(media.written)}` loads, but FFmpeg finds its compressed data damaged: "
                f"{clip(probe.advice)}",
                "Check the image; if it is spoiled, fetch it again or remove the row.",
                turn=media.turn,
                media_index=media.index,
                evidence={"ffmpeg": probe.advice, "bytes": probe.num_bytes},
            )


RULE = check
