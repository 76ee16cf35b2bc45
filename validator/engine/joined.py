"""Entries that a trainer puts into one table: each row has the columns of all, null where its own entry lacks one.

Source: `datasets` 5.2.0 `concatenate_datasets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from validator.rules.base import EntryFacts


def columns_of(facts: EntryFacts) -> tuple[str, ...]:
    """The columns that an entry brings, of those that are selected, in the order of its files."""
    keep = None if facts.entry is None else facts.entry.keep
    surveys = [file.survey for file in facts.files if file.survey is not None]
    names = dict.fromkeys(name for survey in surveys for name in survey.types)
    return tuple(name for name in names if keep is None or name in keep)


def joined(entries: Sequence[EntryFacts]) -> list[EntryFacts]:
    """The entries, each with the columns that the others bring."""
    every = sorted({name for facts in entries for name in columns_of(facts)})
    found = []
    for facts in entries:
        own = columns_of(facts)
        others = tuple(name for name in every if name not in own)
        if facts.entry is not None and own and others:
            facts = replace(facts, entry=replace(facts.entry, joined=others))
        found.append(facts)
    return found
