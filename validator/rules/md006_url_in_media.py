"""A URL or base64 text where a path is needed.

## What it finds
Images whose reference begins with a scheme (`https://`, `s3://` ...) or with `data:`, and videos with a scheme that
FFmpeg does not know (`s3://`, `hf://` ...).

## Why it matters
The trainer fetches no image: it opens the text as a file name and stops with `FileNotFoundError`, or, for long base64
text, `OSError: [Errno 36] File name too long`. Videos are opened by FFmpeg, which reads `file://` and fetches
`https://` and similar: a row with such a video is left unchecked, as nothing is fetched here.

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
from validator.rules.wording import NOT_OPENED, names_file


@row_rule("MD006", "url-in-media", "error", needs="faults")
def check(case: Case) -> Iterator[Hit]:
    """Report URLs and data URIs."""
    for media in case.facts.media:
        if media.probe.fault in NOT_OPENED and not names_file(media):
            kind = "a URL" if media.form == "url" else "base64 data"
            there = media.elsewhere
            also = f", but the file `{clip(there)}` exists" if there is not None else ""
            yield Hit(
                f"the {media.kind} is {kind}, which the trainer does not fetch: `{clip(media.written, 60)}`{also}",
                "Write the path exactly as the file is named; `mmvalidate export --fix` does this."
                if there is not None
                else "Store the media as a file and list its path.",
                turn=media.turn,
                media_index=media.index,
            )


RULE = check
