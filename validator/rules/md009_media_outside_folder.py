"""Media paths outside the media folder.

## What it finds
Absolute paths, and paths that climb with `..`. Once per entry.

## Why it matters
The trainer reads these files, and so does mmvalidate. But such a dataset breaks when it is moved to another machine,
and in data from others it deserves a look.

## Example
`"images": ["/home/me/shots/1.png"]`

## What to do
Use paths relative to the folder of dataset_info.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from validator.findings import clip, count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


@dataclass(slots=True)
class Outside:
    """How many references lead outside, and the first of them."""

    references: int = 0
    first: str | None = None


def fold(outside: Outside, case: Case) -> None:
    """Count absolute and climbing paths."""
    for media in case.facts.media:
        written = media.written
        climbs = ".." in written and ".." in PurePath(written).parts
        if media.form == "path" and (climbs or written.startswith("/")):
            outside.references += 1
            outside.first = outside.first or media.written


def finish(outside: Outside, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if outside.first is not None:
        yield Hit(
            f"{count(outside.references, 'path')} outside the media folder, first `{clip(outside.first)}`",
            "Prefer paths within the folder: these break on another machine.",
            evidence={"references": outside.references},
        )


def merge(left: Outside, right: Outside) -> Outside:
    """Add two parts."""
    return Outside(left.references + right.references, left.first or right.first)


RULE = corpus_rule(
    "MD009", "media-outside-folder", "info", CorpusCheck(finish, Outside, fold, merge, needs="media"), trainers=every
)
