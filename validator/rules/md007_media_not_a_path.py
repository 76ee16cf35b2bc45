"""A media value that is not a path: null, a number, a list or an object.

## What it finds
Null, numbers, lists, and objects without content among the images or videos of a row. Images stored in the row itself
are opened as the trainer opens them, and not reported: bytes, alone or as `{"bytes": ..., "path": ...}`. (An object
with `"bytes": null` and a `"path"` is opened by its path, relative to the current folder.) LLaMA-Factory 0.9.2 and
older stop at a column that is null, too.

## Why it matters
The run stops: `ValueError: Expect input is a list of images, but got <class 'NoneType'>`, `KeyError: 'bytes'`, or a
`TypeError` from joining the path.

## Example
```json
{"images": [null]}
```

## What to do
List paths, or the files' bytes. A row without images has `[]` or null in the column itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import fails_with


@row_rule("MD007", "media-not-a-path", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report elements that cannot be opened because of what they are, and columns that cannot be walked through."""
    for problem in case.facts.problems:
        if problem.kind == "media-type" and problem.media_index is None:
            yield Hit(
                f"a media column of the row is null: {fails_with(case.facts, problem.exception, problem.message)}",
                "Write an empty list where the row has no media.",
            )
    for media in case.facts.media:
        if media.probe.fault == "not-a-path":
            yield Hit(
                f"{media.kind} {media.index} is {_shown(media.written)}; a path is needed: "
                f"{fails_with(case.facts, media.probe.exception, media.probe.message)}",
                "List the path of the file, as text." if media.kind == "video" else "List a path, or the file's bytes.",
                turn=media.turn,
                media_index=media.index,
            )


def _shown(written: str) -> str:
    return "null" if written == "None" else clip(written, 60)


RULE = check
