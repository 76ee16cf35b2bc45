"""Boxes without an area.

## What it finds
Boxes and outlines that are zero wide or zero high, whose second corner lies left of or above the first, or of which a
number is NaN or infinite. A `bbox` whose second corner lies before the first may hold a width and a height, and is
not counted.

## Why it matters
There is nothing in such a box: the model learns a place that cannot be one, and measures of overlap are 0 for it.
ms-swift turns the corners of `objects` itself; no trainer looks at text.

## Example
`{"bbox_2d": [300, 400, 100, 200]}` and `{"bbox_2d": [100, 200, 100, 400]}`.

## What to do
Write left, top, right, bottom; leave out boxes without an area.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

_WORDS = {
    "nan": "holds a number that is none",
    "reversed": "has its second corner before the first",
    "empty": "is zero pixels wide or high",
}


@row_rule("IM018", "box-without-area", "warning", needs="shapes", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report the first such box, and how many there are."""
    found = [
        (turn.index, shape, fault)
        for turn in case.facts.turns
        for shape in turn.shapes
        if (fault := shape.fault) is not None
    ]
    if not found:
        return
    turn, shape, fault = found[0]
    total = sum(len(turn.shapes) for turn in case.facts.turns)
    numbers = ", ".join(f"{value:g}" for value in (shape.x1, shape.y1, shape.x2, shape.y2))
    written = "" if fault == "nan" else f" [{numbers}]"
    yield Hit(
        f"{len(found)} of {total} boxes and points {'has' if len(found) == 1 else 'have'} no "
        f"area: the first{written} {_WORDS[fault]}",
        "Write left, top, right, bottom, or leave the box out.",
        turn=turn,
        evidence={"boxes": len(found), "fault": fault},
    )


RULE = check
