"""A video of which no frame can be decoded.

## What it finds
Videos whose stream ends before the first sampled frame, and empty lists of frames.

## Why it matters
The run stops while tokenizing: `IndexError: list index out of range` (LLaMA-Factory#5527, #7541, #7687).

## Example
A download that stopped after the header.

## What to do
Fetch the video again or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.wording import fails_with


@row_rule("VD002", "no-decodable-frame", "error", needs="faults")
def check(case: Case) -> Iterator[Hit]:
    """Report such videos."""
    for media in case.facts.of_kind("video"):
        if media.probe.fault == "no-frames":
            yield Hit(
                f"{_what(media.written)}: {fails_with(case.facts, media.probe.exception, media.probe.message)}",
                "Fetch the video again or remove the row.",
                turn=media.turn,
                media_index=media.index,
            )


def _what(written: str) -> str:
    empty = written == "[]"
    return (
        "the video has an empty list of frames" if empty else f"no frame of the video `{clip(written)}` can be decoded"
    )


RULE = check
