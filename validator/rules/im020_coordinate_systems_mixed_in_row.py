"""Two systems of coordinates in one row.

## What it finds
Rows in which some boxes or points can only be in one system of coordinates and others only in another, for example
beyond 1000 within the image, and beyond the image below 1000.

## Why it matters
The model is shown two places with the same numbers in one answer. Nothing is logged.

## Example
`[{"bbox_2d": [0.12, 0.3, 0.4, 0.5]}, {"bbox_2d": [120, 300, 400, 500]}]`.

## What to do
Write all coordinates of the row in the model's own system.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.coordinates.systems import EVERY, WORDS, systems_of
from validator.rules.base import Case, Hit, row_rule
from validator.rules.pointing import own_words, shapes_of
from validator.rules.scope import every


@row_rule("IM020", "coordinate-systems-mixed-in-row", "warning", needs="shapes", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Name two shapes that no system fits."""
    row = shapes_of(case)
    if row is None or not row.mixed:
        return
    known = [one for one in row.shapes if one.bits and not one.turned]
    first = next(one for one in known if one.bits != EVERY)
    other = next((one for one in known if not one.bits & first.bits), None)
    if other is None:
        return
    said = " or ".join(WORDS[system] for system in systems_of(first.bits))
    numbers = [", ".join(f"{value:g}" for value in one.shape.reach) for one in (first, other)]
    yield Hit(
        f"[{numbers[0]}] can only be {said}, which [{numbers[1]}] cannot be",
        f"Write all coordinates in the model's own system: {own_words(case.settings)}.",
        turn=other.turn,
        evidence={"first": systems_of(first.bits), "other": systems_of(other.bits)},
    )


RULE = check
