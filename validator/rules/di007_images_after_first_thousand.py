"""The first 1000 rows have no image and later rows do.

## What it finds
An entry whose first 1000 rows all have no images (null, an empty list or no key) while a later row has some.

## Why it hurts
The trainer converts rows in writing batches of 1000 and fixes the type of every column from the first. A column of
nulls cannot take a path later: `TypeError: Couldn't cast array of type list<item: string> to null`. 999 text rows
before the first image are fine, 1000 are not.

## Example
A file that was made by appending screenshots to a text corpus. In a folder of files the rows of all files count, in the
order in which the trainer lists them (that of `os.listdir`, which differs between machines).

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
    """The first row that has images, and its place in what the trainer reads."""

    file: str | None = None
    row: int | None = None
    place: int = 0


def fold(first: FirstMedia, case: Case) -> None:
    """Remember the first row with images."""
    if (first.row is None or case.place < first.place) and any(media.kind == "image" for media in case.facts.media):
        first.file, first.row, first.place = case.facts.file, case.facts.row, case.place


def finish(first: FirstMedia, entry: EntryFacts) -> Iterator[Hit]:
    """Judge the place of the first image. Rows drawn at random (`num_samples`) have no place."""
    if entry.entry is not None and entry.entry.num_samples is not None:
        return
    if first.row is not None and first.place >= BATCH:
        yield Hit(
            f"the first {BATCH} rows have no image and row {first.row} has: the trainer cannot cast its images to null",
            "Move a row with an image among the first 1000, or shuffle the file.",
            file=first.file,
            evidence={"first_row_with_images": first.row},
        )


def merge(left: FirstMedia, right: FirstMedia) -> FirstMedia:
    """The earlier of two."""
    return left if left.row is not None and (right.row is None or left.place <= right.place) else right


RULE = corpus_rule("DI007", "images-after-first-thousand", "error", CorpusCheck(finish, FirstMedia, fold, merge))
