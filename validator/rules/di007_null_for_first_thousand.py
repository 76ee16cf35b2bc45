"""A column is null in the first 1000 rows and filled later.

## What it finds
Entries whose first 1000 rows all have no images (null, an empty list or no key) while a later row has some; the same
for videos, audios, the system prompt and the tools, where null counts but an empty text does not.

## Why it matters
The trainer converts rows in writing batches of 1000 and fixes the type of every column from the first. A column of
nulls cannot take anything later: `TypeError: Couldn't cast array of type list<item: string> to null`. 999 text rows
before the first image are fine; 1000 are not.

## Example
A file that was made by appending screenshots to a text corpus.

## What to do
Move one row that fills the column to the front, shuffle the file, or split it into two entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from validator.facts.columns import has_items
from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule

BATCH = 1000
COLUMNS = ("system", "tools", "images", "videos", "audios")


@dataclass(slots=True)
class FirstFilled:
    """For each column the first row that fills it, as (place in what the trainer reads, file, row)."""

    first: dict[str, tuple[int, str, int]] = field(default_factory=dict)


def fold(seen: FirstFilled, case: Case) -> None:
    """Remember the first row of each column."""
    for column in case.facts.filled:
        if column not in seen.first or case.place < seen.first[column][0]:
            seen.first[column] = (case.place, case.facts.file, case.facts.row)


def fold_texts(seen: FirstFilled, texts: Texts) -> None:
    """Remember the first row of each column."""
    some = np.flatnonzero(has_items(texts.records["filled"]))
    filled = texts.values("filled") if len(some) else []
    rows = texts.numbers("row")
    for index in some.tolist():
        place = int(texts.places[index])
        for column in filled[index]:
            if column not in seen.first or place < seen.first[column][0]:
                seen.first[column] = (place, texts.file, int(rows[index]))


def finish(seen: FirstFilled, entry: EntryFacts) -> Iterator[Hit]:
    """Judge the place of each first row; with `num_samples` the trainer shuffles, and nothing can be said."""
    if entry.entry is None or entry.entry.num_samples is not None:
        return
    for column in COLUMNS:
        place, file, row = seen.first.get(column, (0, "", 0))
        if place >= BATCH:
            yield Hit(
                f"the first {BATCH:,} rows have no {column}, but row {row} does: the trainer cannot cast it to null",
                f"Move a row with {column} among the first {BATCH:,}, or shuffle the file.",
                file=file,
                evidence={"column": column, "first_row": row},
            )


def merge(left: FirstFilled, right: FirstFilled) -> FirstFilled:
    """The earlier row of each column."""
    both = {**right.first, **left.first}
    return FirstFilled({name: min(first, right.first.get(name, first)) for name, first in both.items()})


RULE = corpus_rule(
    "DI007",
    "null-for-first-thousand",
    "error",
    CorpusCheck(finish, FirstFilled, fold, merge, fold_texts=fold_texts, stops_entry=True),
)
