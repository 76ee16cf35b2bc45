"""A JPEG with so many scans that it is slow to decode.

## What it finds
JPEGs whose number of scans times their pixels is above 5 billion. A progressive JPEG has about ten scans, a file of 2
MB can ask for 200,000. Above 100 billion such a file is loaded only if its headers leave a doubt, and then it is not
loaded at all: the row is unchecked. `--integrity header` does not see this, `fast` and `full` do.

## Why it matters
libjpeg has no limit: about a second for every 5 billion pixels, in each preprocessing worker and again for each epoch,
and nothing says which file is to blame.

## Example
A file of 40 KB whose last scan is repeated 4,000 times, made to overload servers.

## What to do
Save the image again, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.media.geometry import SLOW_VISITS
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD012", "image-slow-to-decode", "warning", depth="fast", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report JPEGs by scans x pixels."""
    for media in case.facts.media:
        probe = media.probe
        visits = (probe.scans or 0) * (probe.width or 0) * (probe.height or 0)
        if visits > SLOW_VISITS:
            billions = f"{visits / 1e9:,.1f} billion pixels, above the limit of {SLOW_VISITS // 10**9} billion"
            yield Hit(
                f"the {probe.format} `{clip(media.written)}` of {probe.width}x{probe.height} has {probe.scans:,} "
                f"scans; decoding it goes over {billions}",
                "Save the image again, or remove the row.",
                turn=media.turn,
                media_index=media.index,
                evidence={"scans": probe.scans, "width": probe.width, "height": probe.height, "bytes": probe.num_bytes},
            )


RULE = check
