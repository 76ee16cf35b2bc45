"""Boxes and points that a text gives of a picture: how far they reach. Written as Qwen2-VL, Qwen2.5-VL and agents for
screens write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"(\d{1,5}(?:\.\d{1,4})?)"
_PAIR = rf"\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)"
_MARKED_BOX = re.compile(rf"<\|box_start\|>\s*{_PAIR}\s*(?:,\s*)?{_PAIR}\s*<\|box_end\|>")
_FOUR = rf"[\[(]\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*[\])]"
_NAMED_BOX = re.compile(rf"bbox(?:_2d)?[\"']?\s*[:=]\s*{_FOUR}")
_OPENING = r"(?:[\"'](?:<\|box_start\|>)?[\[(]?|<\|box_start\|>[\[(]?|[\[(])"
_POINT = re.compile(
    rf"(?:click|tap|long_press|point_2d|start_box|end_box)[\"']?\s*[:=(]\s*(?:{_OPENING}\s*)?"
    rf"(?:x\s*=\s*)?{_NUMBER}\s*,\s*(?:y\s*=\s*)?{_NUMBER}\s*[\])'\"]"
)
_SPELLINGS = {
    "<|box_start|>": _MARKED_BOX,
    "bbox": _NAMED_BOX,
    **dict.fromkeys(("click", "tap", "long_press", "point_2d", "start_box", "end_box"), _POINT),
}
"""What each begins with: searching for words and reading on from there is many times faster than one expression."""


def reach_of(text: str) -> tuple[float, ...]:
    """The largest x and y of all boxes and points in a text, () where there are none.

    Only what says what it is counts: Qwen's box tokens, a `bbox` of four numbers in the order left, top, right, bottom,
    `click(x, y)` and its kin. A list of four numbers alone may be anything.
    """
    if not ("(" in text or "=" in text or ":" in text):
        return ()  # one of them stands before all numbers that count
    text = text.lower()
    if not ("box" in text or "click" in text or "tap" in text or "long_press" in text or "point_2d" in text):
        return ()  # none of the words
    pairs = [pair for word, spelling in _SPELLINGS.items() if word in text for pair in _pairs(text, word, spelling)]
    return (max(x for x, _ in pairs), max(y for _, y in pairs)) if pairs else ()


def _pairs(text: str, word: str, spelling: re.Pattern[str]) -> Iterator[tuple[float, float]]:
    place = text.find(word)
    while place >= 0:
        if match := spelling.match(text, place):
            numbers = list(map(float, match.groups()))
            if len(numbers) == 2 or (numbers[2] >= numbers[0] and numbers[3] >= numbers[1]):  # else width and height
                yield numbers[-2], numbers[-1]
        place = text.find(word, place + len(word))
