"""An image file that is far larger than its pixels need.

## What it finds
Image files of more than 4 MiB above 8 bytes for each pixel of each frame, which no image needs: the file contains
something else, or its first image is a thumbnail.

## Why it matters
The trainer reads and opens the file for every row that names it: the header is searched by Python code at about a
second per megabyte where the rest is made of empty chunks, comments or fill bytes. Of a raw photograph only the
thumbnail is read, and trained on.

## Example
A camera's raw file (`.nef`, `.dng`) opened as a TIFF of 160 x 120 pixels; a PNG of 500,000 empty chunks.

## What to do
Save the intended image again, without the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

BYTES_PER_PIXEL, SPARE_BYTES = 8, 4 << 20
"""16 bits in each of four channels, and room for metadata."""


@row_rule("MD013", "image-file-oversized", "info", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Compare bytes with pixels."""
    for media in case.facts.of_kind("image"):
        probe = media.probe
        if probe.width is None or probe.height is None or probe.num_bytes is None:
            continue
        most = SPARE_BYTES + BYTES_PER_PIXEL * probe.width * probe.height * (probe.frames or 1)
        if probe.num_bytes > most:
            yield Hit(
                f"the {probe.format} `{clip(media.written)}` has {probe.num_bytes:,} bytes for an image of "
                f"{probe.width}x{probe.height}, which needs {most:,} at most",
                "Save the intended image again, without the rest.",
                turn=media.turn,
                media_index=media.index,
                evidence={"bytes": probe.num_bytes, "width": probe.width, "height": probe.height},
            )


RULE = check
