"""Images of an image column are compressed a second and a third time.

## What it finds
JPEG, WebP and AVIF images that stand in the rows as a column of images (type `Image` of `datasets`, as the Hub stores
them), under llamafactory. Once per entry.

## Why it matters
The loader decodes the column, and each of two preprocessing steps saves the decoded image again in its own format with
the default quality: 75 for JPEG, 80 for WebP, even where that was lossless. The model never sees the file, but the
picture after two more lossy steps; small text and thin lines suffer first. Nothing is logged. Measured with `datasets`
4.0.0: a JPEG of quality 95 shrinks from 37,001 to 16,990 bytes. PNG, GIF, TIFF and JPEG 2000 stay as they are, and an
image with an EXIF orientation becomes a PNG. All of it was measured without `streaming`.

## Example
`load_dataset("...").to_parquet("train.parquet")` of a Hub data set with photos in `images`.

## What to do
Store the bytes without the type, and the trainer opens them as they are:
`data.cast_column("images", datasets.List(datasets.Image(decode=False))).to_parquet("train.parquet")`; or name paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.findings import clip, count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import saving_again

LOSSY = frozenset(("JPEG", "MPO", "WEBP", "AVIF"))
"""Formats in which Pillow saves with loss where nothing else is said."""


@dataclass(slots=True)
class Again:
    """How many images, and the first row with one: its place, file and number."""

    images: int = 0
    first: tuple[int, str, int] | None = None


def fold(again: Again, case: Case) -> None:
    """Count the images of a row."""
    facts = case.facts
    for image in facts.of_kind("image"):
        if image.decoded and image.probe.format in LOSSY and image.probe.orientation is None:
            again.images += 1
            again.first = _earlier(again.first, (case.place, facts.file, facts.row))


def merge(left: Again, right: Again) -> Again:
    """Add two parts."""
    left.images += right.images
    left.first = _earlier(left.first, right.first)
    return left


def _earlier(one: tuple[int, str, int] | None, other: tuple[int, str, int] | None) -> tuple[int, str, int] | None:
    return min(filter(None, (one, other)), default=None)


def finish(again: Again, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once for the entry."""
    if again.first is None:
        return
    _, file, row = again.first
    yield Hit(
        f"{count(again.images, 'image')} in a column of images (first: row {row} of {clip(file)}) "
        f"{'is' if again.images == 1 else 'are'} decoded and saved again, twice, with the default quality of the "
        "format (75 for JPEG): the model sees a coarser picture than the file holds",
        'Store them without the type, by `data.cast_column("images", datasets.List(datasets.Image(decode=False)))`, '
        "or as paths or PNG.",
        evidence={"images": again.images},
    )


RULE = corpus_rule(
    "IM025",
    "image-saved-again",
    "warning",
    CorpusCheck(finish, Again, fold, merge, needs="media"),
    trainers=saving_again,
)
