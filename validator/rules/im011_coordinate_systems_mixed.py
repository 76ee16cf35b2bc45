"""Pixels in some rows, coordinates from 0 to 1000 in others.

## What it finds
Entries in which some rows have boxes or points that can only be pixels (beyond 1000, within the image), and others that
can only be normalised (beyond the image, within 1000).

## Why it matters
The same place has two sets of coordinates, and the model learns to guess which is meant. Qwen2-VL and Qwen3-VL were
trained on 0-1000, Qwen2.5-VL on pixels of the image as it is fed.

## Example
Two sources of screenshots, one annotated in pixels, one by Qwen2-VL.

## What to do
Convert all coordinates to one system, preferably the model's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.noticed import Noticed
from validator.rules.pointing import NORMALISED, largest_image, own_system, reach_of_row, within
from validator.rules.scope import every


@dataclass(slots=True)
class Systems:
    """Rows whose coordinates can only be pixels, and rows whose coordinates can only be normalised."""

    pixels: Noticed = field(default_factory=Noticed)
    normalised: Noticed = field(default_factory=Noticed)


def fold(systems: Systems, case: Case) -> None:
    """Count a row whose system is certain."""
    if (reach := reach_of_row(case.facts)) is None:
        return
    if (size := largest_image(case.facts)) is None:
        return
    if within(reach, *size) and not within(reach, NORMALISED, NORMALISED):
        systems.pixels.add(case.facts)
    elif within(reach, NORMALISED, NORMALISED) and not within(reach, *size):
        systems.normalised.add(case.facts)


def finish(systems: Systems, entry: EntryFacts) -> Iterator[Hit]:
    """Speak where both occur."""
    if systems.pixels.rows and systems.normalised.rows:
        yield Hit(
            f"coordinates are pixels in {systems.pixels} and run from 0 to 1000 in {systems.normalised}",
            f"Convert all coordinates to one system, preferably the model's own: {own_system(entry.settings)}.",
            evidence={"pixels": systems.pixels.rows, "normalised": systems.normalised.rows},
        )


def merge(left: Systems, right: Systems) -> Systems:
    """Join two parts of an entry."""
    return Systems(left.pixels.merge(right.pixels), left.normalised.merge(right.normalised))


RULE = corpus_rule(
    "IM011",
    "coordinate-systems-mixed",
    "warning",
    CorpusCheck(finish, Systems, fold, merge, needs="reach"),
    trainers=every,
)
