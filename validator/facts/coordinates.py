"""Boxes and points that a text gives of a picture: how far they reach. Written as Qwen2-VL, Qwen2.5-VL and agents for
screens write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"(\d{1,5}(?:\.\d{1,4})?)"
_PAIR = rf"\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)"
_MARKED_BOX = re.compile(rf"<\|box_start\|>\s*{_PAIR}\s*,?\s*{_PAIR}\s*<\|box_end\|>")
_FOUR = rf"[\[(]\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*[\])]"
_NAMED_BOX = re.compile(rf"bbox(?:_2d)?[\"']?\s*[:=]\s*{_FOUR}", re.IGNORECASE)
_POINT = re.compile(
    rf"(?:click|tap|long_press|point_2d|start_box|end_box)[\"']?\s*[:=(]\s*[\"']?(?:<\|box_start\|>)?[\[(]?\s*"
    rf"(?:x\s*=\s*)?{_NUMBER}\s*,\s*(?:y\s*=\s*)?{_NUMBER}\s*[\])'\"]",
    re.IGNORECASE,
)
_HINTS = ("box", "click", "tap", "press", "point_2d")


def reach_of(text: str) -> tuple[float, ...]:
    """The largest x and y of all boxes and points in a text, () where there are none.

    Only what says what it is counts: Qwen's box tokens, a `bbox` of four numbers in the order left, top, right, bottom,
    `click(x, y)` and its kin. A list of four numbers alone may be anything.
    """
    if not any(hint in text for hint in _HINTS) and not any(hint in text.lower() for hint in _HINTS):
        return ()
    pairs = list(_pairs(text))
    return (max(x for x, _ in pairs), max(y for _, y in pairs)) if pairs else ()


def _pairs(text: str) -> Iterator[tuple[float, float]]:
    for pattern in (_MARKED_BOX, _NAMED_BOX):
        for match in pattern.finditer(text):
            left, top, right, bottom = map(float, match.groups())
            if right >= left and bottom >= top:  # else width and height, or another order
                yield right, bottom
    for match in _POINT.finditer(text):
        x, y = map(float, match.groups())
        yield x, y
