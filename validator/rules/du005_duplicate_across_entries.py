"""Rows that are also in another entry.

## What it finds
Rows equal to a row of another entry in everything that the trainer sees; entries for evaluation are compared among
themselves. Rows that several entries have are named once, at the last of these, with the others. Up to 131,072
different rows of an entry, all are compared; of larger entries, a sample.

## Why it matters
Training works, but these rows are learned twice if both entries are used together.

## Example
An entry made by joining two others, listed next to them.

## What to do
Train on one of them, or remove the duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.rules.base import EntryFacts, Hit, corpus_rule
from validator.rules.overlap import among
from validator.rules.scope import every
from validator.rules.seen import DuplicateHashes, is_evaluation, of_run


def finish_run(parts: Sequence[tuple[EntryFacts, DuplicateHashes]]) -> Iterator[Hit]:
    """Look up the rows of each entry in the others of its kind."""
    for evaluation in (False, True):
        kind = [(entry.name, seen.pairs) for entry, seen in parts if is_evaluation(entry) == evaluation]
        yield from among(kind, "also in {}", "Train on one of them, or remove the duplicates.")


RULE = corpus_rule("DU005", "duplicate-across-entries", "info", of_run(finish_run), trainers=every)
