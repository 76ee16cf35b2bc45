"""An image file that is cut off.

## What it finds
Files that open but run out of data while decoding. `--integrity header` does not see this, `fast` and `full` do.

## Why it matters
The run stops while tokenizing: `OSError: image file is truncated (15 bytes not processed)` (LLaMA-Factory#8733). Image
viewers still show such files, with a grey lower part.

## Example
A copy that was interrupted, or a disk that was full.

## What to do
Fetch the file again or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("MD003", "image-truncated", "error", depth="fast", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report truncated images."""
    for media in case.facts.media:
        probe = media.probe
        if probe.fault == "truncated" and probe.format is not None:
            if media.kind == "video":  # given as a list of images
                name = f"an image of the video `{clip(media.written)}`"
            else:
                name = f"the {probe.format} `{clip(media.written)}` of {probe.num_bytes:,} bytes"
            yield Hit(
                f"{name} is cut off: {fails_with(case.facts, probe.exception, probe.message)}",
                "Fetch the file again or remove the row.",
                turn=media.turn,
                media_index=media.index,
                evidence={"exception": probe.exception, "message": probe.message, "bytes": probe.num_bytes},
            )


RULE = check
