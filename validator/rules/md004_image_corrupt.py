"""An image file whose data is damaged.

## What it finds
Files that open but cannot be decoded or converted to RGB, for another reason than missing data at the end.
`--integrity header` does not see this, `fast` and `full` do.

## Why it matters
The run stops while tokenizing: `OSError: broken data stream when reading image file`, `SyntaxError: broken PNG file`,
`MemoryError` and others.

## Example
A PNG in which one byte was flipped.

## What to do
Fetch or save the file again, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("MD004", "image-corrupt", "error", depth="fast", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report images that do not decode."""
    for media in case.facts.media:
        probe = media.probe
        if probe.fault in ("corrupt", "memory"):
            kind = probe.format or "image"
            yield Hit(
                f"the {kind} `{clip(media.written)}` cannot be decoded ({probe.found}): "
                f"{fails_with(case.facts, probe.exception, probe.message)}",
                "Fetch or save the file again, or remove the row.",
                turn=media.turn,
                media_index=media.index,
                evidence={"exception": probe.exception, "message": probe.message, "bytes": probe.num_bytes},
            )


RULE = check
