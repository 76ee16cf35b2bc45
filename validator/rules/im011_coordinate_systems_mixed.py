"""Pixels in some rows, coordinates from 0 to 1000 in others.

## What it finds
Entries in which some rows have boxes or points that can only be in one system of coordinates, and others that can only
be in another: pixels (beyond 1000, within the image), 0 to 1000 (beyond the image, within 1000), 0 to 1 (fractions);
pixels of the stored image (beyond the image as it is fed) and pixels of the image as it is fed (beyond the stored one).

## Why it matters
The same place has two sets of coordinates, and the model learns to guess which is meant. Qwen2-VL and Qwen3-VL were
trained on 0-1000, Qwen2.5-VL on pixels of the image as it is fed.

## Example
Two sources of screenshots, one annotated in pixels, one by Qwen2-VL.

## What to do
Convert all coordinates to one system, preferably the model's own: where each source is an entry of its own,
`mmvalidate export --fix --boxes-are NAME=pixels` does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.coordinates.systems import FED, FRACTIONS, PIXELS, THOUSANDTHS
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.pointing import Systems, fold, merge, own_words
from validator.rules.scope import every

_NORMALISED = (("normalised", "run from 0 to 1000", THOUSANDTHS), ("fractions", "run from 0 to 1", FRACTIONS))
_OF_STORED = ("stored", "pixels of the stored image", PIXELS)
_OF_FED = ("fed", "pixels of the image as it is fed", FED)


def finish(systems: Systems, entry: EntryFacts) -> Iterator[Hit]:
    """Speak where rows of two systems occur."""
    pixels = systems.rows_of(PIXELS | FED, PIXELS, FED)
    found = [(name, words, rows) for name, words, bits in _NORMALISED if (rows := systems.rows_of(bits)).rows]
    if pixels.rows and found:
        found.insert(0, ("pixels", "are pixels", pixels))
    elif not found:
        both = [(name, words, systems.rows_of(bits)) for name, words, bits in (_OF_STORED, _OF_FED)]
        found = [(name, f"are {words}", rows) for name, words, rows in both if rows.rows]
    if len(found) > 1:
        said = " and ".join(f"{words} in {rows}" for _, words, rows in found)
        yield Hit(
            f"coordinates {said}",
            f"Convert all coordinates to one system, preferably the model's own: {own_words(entry.settings)}.",
            evidence={name: rows.rows for name, _, rows in found},
        )


RULE = corpus_rule(
    "IM011",
    "coordinate-systems-mixed",
    "warning",
    CorpusCheck(finish, Systems, fold, merge, needs="shapes", shared="coordinates"),
    trainers=every,
)
