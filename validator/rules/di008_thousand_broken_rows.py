"""A whole batch of 1000 rows that the trainer drops.

## What it finds
Rows 1000n to 1000n + 999 of an entry (the batches in which the trainer works; the last may be shorter), all of which
are dropped, while other rows are not.

## Why it matters
An empty batch has no schema. At the start of the data: `TypeError: Couldn't cast array of type struct<role: string,
content: string> to null`; later: `ValueError: Schema and number of arrays unequal`. A few broken rows are only dropped;
a full batch of them ends the run.

## Example
A part of the data was exported with other role names.

## What to do
Correct or remove those rows; the findings about each of them say what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule

BATCH = 1000


@dataclass(slots=True)
class Batches:
    """Rows and dropped rows per batch, for batches with at least one dropped row; place and file of its first."""

    rows: int = 0
    dropped: Counter[int] = field(default_factory=Counter)
    first: dict[int, tuple[int, str]] = field(default_factory=dict)


def fold(batches: Batches, case: Case) -> None:
    """Count a row, and whether it was dropped."""
    batches.rows = max(batches.rows, case.place + 1)
    if case.facts.outcome == "dropped":
        _drop(batches, case.place, case.facts.file)


def fold_texts(batches: Batches, texts: Texts) -> None:
    """Count rows, and which were dropped."""
    batches.rows = max(batches.rows, int(texts.places.max(initial=-1)) + 1)
    for place in texts.places[texts.are("outcome", "dropped")].tolist():
        _drop(batches, place, texts.file)


def _drop(batches: Batches, place: int, file: str) -> None:
    batch, here = place // BATCH, (place, file)
    batches.dropped[batch] += 1
    batches.first[batch] = min(batches.first.get(batch, here), here)


def finish(batches: Batches, entry: EntryFacts) -> Iterator[Hit]:
    """Report the batches in which every row was dropped, unless all rows of the entry were (that is DI009), or the
    rows are drawn at random (`num_samples`) and have no place.
    """
    if batches.dropped.total() == batches.rows or (entry.entry is not None and entry.entry.num_samples is not None):
        return
    for batch, dropped in sorted(batches.dropped.items()):
        size = min(BATCH, batches.rows - batch * BATCH)
        if dropped == size and (size == BATCH or batch > 0):
            first, last = batch * BATCH, batch * BATCH + size - 1
            rows = f"rows {first} to {last}" if size > 1 else f"row {first}"
            yield Hit(
                f"all rows of a batch ({rows}) are dropped, and the trainer crashes on the empty batch",
                "Correct or remove these rows.",
                file=batches.first[batch][1],
                evidence={"first_row": first, "last_row": last},
            )


def merge(left: Batches, right: Batches) -> Batches:
    """Join the counts of two parts of an entry."""
    first = dict(left.first)
    for batch, here in right.first.items():
        first[batch] = min(first.get(batch, here), here)
    return Batches(max(left.rows, right.rows), left.dropped + right.dropped, first)


RULE = corpus_rule(
    "DI008",
    "thousand-broken-rows",
    "error",
    CorpusCheck(finish, Batches, fold, merge, fold_texts=fold_texts, stops_entry=True),
)
