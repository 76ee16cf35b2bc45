"""Nearly all rows have the same answer.

## What it finds
Entries of 50 rows or more in which the last turn is the same in nine of ten rows.

## Why it matters
The loss falls to zero within a few steps, which looks like success, and the model gives that answer to everything.

## Example
A filter that left only rows answered with `Yes`.

## What to do
Balance the answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import EntryFacts, Hit, corpus_rule
from validator.rules.scope import every
from validator.rules.seen import DuplicateHashes, of_entry

ENOUGH, SHARE = 50, 0.9


def finish(seen: DuplicateHashes, _: EntryFacts) -> Iterator[Hit]:
    """Look for an answer that prevails."""
    most = seen.answers.most()
    if most is not None and seen.rows >= ENOUGH and most.rows >= SHARE * seen.rows:
        yield Hit(
            f"{most.rows:,} of {seen.rows:,} rows have the same answer, first row {most.row} of {most.file}",
            "Balance the answers.",
            evidence={"rows": most.rows, "of": seen.rows},
        )


RULE = corpus_rule("DU003", "same-answer-everywhere", "info", of_entry(finish), trainers=every)
