"""The first 1000 rows have no image and later rows do.

## What it finds
An entry whose first 1000 rows all have no images (null, an empty list or no key) while a later row has some.

## Why it hurts
The trainer converts rows in writing batches of 1000 and fixes the type of every column from the first. A column of
nulls cannot take a path later: `TypeError: Couldn't cast array of type list<item: string> to null`. 999 text rows
before the first image are fine, 1000 are not.

## Example
A file that was made by appending screenshots to a text corpus.

## What to do
Move one row with an image to the front, shuffle the file, or split it into two entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule

BATCH = 1000


@dataclass(slots=True)
class FirstMedia:
    """The first row that has images."""

    file: str | None = None
    row: int | None = None


def fold(first: FirstMedia, case: Case) -> None:
    """Remember the first row with images."""
    if first.row is None and any(media.kind == "image" for media in case.facts.media):
        first.file, first.row = case.facts.file, case.facts.row


def finish(first: FirstMedia, _: EntryFacts) -> Iterator[Hit]:
    """Judge the place of the first image."""
    if first.row is not None and first.row >= BATCH:
        yield Hit(
            f"the first {BATCH} rows have no image and row {first.row} has: the trainer cannot cast its images to null",
            "Move a row with an image among the first 1000, or shuffle the file.",
            file=first.file,
            evidence={"first_row_with_images": first.row},
        )


def merge(left: FirstMedia, right: FirstMedia) -> FirstMedia:
    """The earlier of two."""
    return left if left.row is not None and (right.row is None or left.row <= right.row) else right


RULE = corpus_rule("DI007", "images-after-first-thousand", "error", CorpusCheck(finish, FirstMedia, fold, merge))
