"""A URL or base64 text where a path must stand.

## What it finds
References that begin with a scheme (`https://`, `s3://` ...) or with `data:`.

## Why it hurts
The trainer does not fetch anything: it opens the text as a file name and stops with `FileNotFoundError`, or, for long
base64 text, `OSError: [Errno 36] File name too long`.

## Example
```json
{"images": ["https://example.com/cat.jpg"]}
```

## What to do
Download the files and list their paths.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule


@row_rule("MD006", "url-in-media", "error", needs="faults")
def check(case: Case) -> Iterator[Hit]:
    """Report URLs and data URIs."""
    for media in case.facts.media:
        if media.form in ("url", "data-uri") and (media.fault or media.kind != "image"):
            kind = "a URL" if media.form == "url" else "base64 data"
            yield Hit(
                f"the {media.kind} is {kind}, which the trainer does not fetch: `{clip(media.written, 60)}`",
                "Store the media as a file and list its path.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
