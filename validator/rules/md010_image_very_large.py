"""An image so large that Pillow warns of a decompression bomb.

## What it finds
Images of more than 89,478,485 pixels, according to their header. Above 178,956,970 pixels it is MD005.

## Why it matters
The trainer loads and converts every pixel before it reduces the image to `image_max_pixels`: up to 1.4 GB of memory and
seconds of time in each preprocessing worker. It only says `DecompressionBombWarning: Image size (n pixels) exceeds
limit of 89478485 pixels`, and a worker that is killed for using too much memory says nothing.

## Example
A photograph of 12,000 x 8,000 pixels; a JPEG of 700 bytes whose header claims 13,000 x 13,000.

## What to do
Scale the image down beforehand, or lower `preprocessing_num_workers`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.media.geometry import LARGE_PIXELS
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD010", "image-very-large", "warning", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report images above the size at which Pillow warns."""
    for media in case.facts.media:
        probe = media.probe
        pixels = (probe.width or 0) * (probe.height or 0)
        if pixels > LARGE_PIXELS:
            yield Hit(
                f"the image `{clip(media.written)}` of {probe.width}x{probe.height} takes about "
                f"{pixels * 8 / 1e9:.1f} GB while it is loaded: {pixels:,} pixels, where Pillow warns above "
                f"{LARGE_PIXELS:,}",
                "Scale it down before training.",
                turn=media.turn,
                media_index=media.index,
                evidence={"width": probe.width, "height": probe.height, "bytes": probe.num_bytes},
            )


RULE = check
