"""A file that the trainer cannot identify as an image.

## What it finds
Files that Pillow cannot open; the message says what the file really is: empty, an HTML page, a Git LFS pointer, an SVG
drawing, a PDF, a video, HEIC, a damaged header.

## Why it matters
The run stops while tokenizing: `PIL.UnidentifiedImageError: cannot identify image file`.

## Example
A download that saved the server's "404 Not Found" page as `cat.jpg`.

## What to do
Fetch or convert the file again, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD002", "media-unreadable", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report files that cannot be identified, and what they are."""
    for media in case.facts.media:
        probe = media.probe
        if probe.fault == "unreadable" or (probe.fault == "truncated" and probe.format is None):
            yield Hit(
                f"the {media.kind} `{clip(media.written)}` cannot be opened: it is {probe.found}",
                "Fetch or convert the file again, or remove the row.",
                turn=media.turn,
                media_index=media.index,
                evidence={"exception": probe.exception, "message": probe.message, "bytes": probe.num_bytes},
            )


RULE = check
