"""Different image files with the same content (preview).

## What it finds
Images under different paths whose perceptual hash is equal: copies, also rescaled or recompressed. Images of a single
colour have none. Once per entry. Needs `--preview`, because every image is decoded once more.

## Why it matters
Training works, but an image that is in the data many times under different names is learned many times, and a split by
file name leaks it into the evaluation.

## Example
The same screenshot as PNG and as JPEG.

## What to do
Review the pairs and keep one image of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import xxhash

from validator.findings import count
from validator.rules.alike import Groups
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def fold(groups: Groups, case: Case) -> None:
    """Add the images of a row, marked with their paths."""
    for image in case.facts.of_kind("image"):
        if image.likeness is not None:
            path = image.written.encode("utf-8", "surrogatepass")
            groups.add(int(image.likeness, 16), case.facts, xxhash.xxh3_64_intdigest(path))


def finish(groups: Groups, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if alike := groups.alike():
        yield Hit(
            f"{count(len(alike), 'picture')} under more than one path, for example {alike[0]}{groups.where}",
            "Review the pairs and keep one image of each.",
            evidence={"pictures": len(alike), "examples": groups.examples()},
        )


RULE = corpus_rule(
    "DU006",
    "near-duplicate-images",
    "info",
    CorpusCheck(finish, partial(Groups, marked=True), fold, Groups.merge, Groups, needs="media"),
    option="preview",
    trainers=every,
)
