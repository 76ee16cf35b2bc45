"""Rows that duplicate an earlier row.

## What it finds
Rows of an entry that are equal to an earlier one in everything that the trainer sees: roles, texts, system prompt,
tools, media paths. Once per entry, with the number of duplicates. Up to 131,072 different rows, all are compared; of
larger entries, a sample of that size.

## Why it matters
Training works, but a row that appears ten times is learned ten times as strongly, and a dataset with few different rows
drives the loss to zero without teaching anything (Qwen2-VL#1143).

## Example
Two exports of the same annotations, joined.

## What to do
Remove duplicates, unless you repeat rows on purpose. In samples.parquet, duplicates have equal `asked` and `answered`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import EntryFacts, Hit, corpus_rule
from validator.rules.scope import every
from validator.rules.seen import DuplicateHashes, of_entry


def finish(seen: DuplicateHashes, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if groups := seen.pairs.alike():
        repeated = sum(group.rows - 1 for group in groups)
        yield Hit(
            f"{count(repeated, 'row')} equal to an earlier one, for example {groups[0]}{seen.pairs.where}",
            "Remove duplicates, unless you repeat rows on purpose.",
            evidence={"rows": repeated, "examples": seen.pairs.examples()},
        )


RULE = corpus_rule("DU001", "duplicate-row", "info", of_entry(finish), trainers=every)
