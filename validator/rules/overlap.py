"""Rows of one entry that are alike rows of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.findings import clip, count
from validator.rules.alike import Group, Groups
from validator.rules.base import Hit


def overlaps(part: tuple[str, Groups], others: Sequence[tuple[str, Groups]], words: str, help_: str) -> Iterator[Hit]:
    """A hit for each other entry, given as (name, groups), with a key in common. `words` say how, with the other's name
    put in.
    """
    name, mine = part
    mine.trim()
    for other, theirs in others:
        theirs.trim()
        common = mine.groups.keys() & theirs.groups.keys()
        if common:
            rows = sum(mine.groups[key].rows for key in common)
            pairs = ((mine.groups[key], theirs.groups[key]) for key in common)
            here, there = min(pairs, key=lambda pair: _place(*pair))
            first = f"(first: row {here.row} of {here.file}, there row {there.row} of {there.file})"
            sampled = mine.where or theirs.where
            yield Hit(
                f"{words.format(clip(other))}: {count(rows, 'row')} {first}{sampled}",
                help_,
                dataset=name,
                evidence={"rows": rows, "entry": other},
            )


def _place(mine: Group, theirs: Group) -> tuple[str, int, str, int]:
    return mine.file, mine.row, theirs.file, theirs.row
