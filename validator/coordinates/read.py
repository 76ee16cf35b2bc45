"""Reads the boxes and points of a text, in all spellings that say what they are.

Sources of the spellings: the special tokens of Qwen2-VL (`<|box_start|>`, `<|quad_start|>`) and the tags of Qwen-VL;
the JSON of Qwen2.5-VL and Qwen3-VL (`bbox_2d`, `point_2d`), its HTML (`data-bbox`), the `coordinate` of its tools for
computers and phones; actions of agents for screens (`click(x, y)`, UI-TARS's `start_box`, pyautogui). A list of four
numbers alone may be anything, and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from validator.coordinates.shape import Shape, extent

MOST = 1000
"""Boxes and points that are read of a text."""
LISTED = 10_000
"""Boxes and points of one list; of a longer one none is read."""
CORNERS = 2000
"""Of an outline."""
_S = r"\s{0,40}"
_NUMBER = r"[-+]?(?:\d{1,7}(?:\.\d{0,17})?|\.\d{1,17}|nan|inf(?:inity)?)(?:e[-+]?\d{1,2})?"
_PAIR = rf"\({_S}{_NUMBER}{_S},{_S}{_NUMBER}{_S}\)"
_PAIRS = rf"{_PAIR}(?:\s{{0,8}},?\s{{0,8}}{_PAIR}){{0,{CORNERS - 1}}}"
_FLAT = rf"[\[(]{_S}{_NUMBER}(?:{_S},{_S}{_NUMBER}){{1,{2 * CORNERS - 1}}}{_S}[\])]"
_NESTED = rf"[\[(]{_S}{_FLAT}(?:{_S},{_S}{_FLAT}){{0,{LISTED - 1}}}{_S}[\])]"
_SPACED = rf"{_NUMBER}(?:[ ,]{{1,3}}{_NUMBER}){{1,7}}"
_KEY = rf"\\?[\"']?{_S}[:=]{_S}"
_number = re.compile(_NUMBER)
_flat = re.compile(_FLAT)
_TOKENS = re.compile(rf"<\|(?P<name>box|quad|point)_start\|>{_S}(?P<value>{_PAIRS}|{_FLAT}){_S}<\|(?P=name)_end\|>")
_TAGS = re.compile(rf"<(?P<name>box|quad|point)>{_S}(?P<value>{_PAIRS}|{_NESTED}|{_FLAT}|{_SPACED}){_S}</(?P=name)>")
_LISTS = re.compile(rf"(?P<name>bbox(?:es)?(?:_2d)?|points?_2d|coordinate2?){_KEY}(?P<value>{_FLAT}|{_NESTED})")
_OUTLINES = re.compile(rf"(?P<name>points|polygon)\\?[\"']{_S}:{_S}(?P<value>{_FLAT}|{_NESTED})")
_HTML = re.compile(rf"data-(?P<name>bbox|point|polygon){_S}={_S}\\?[\"'](?P<value>{_SPACED})\\?[\"']")
_OPENING = r"(?:[\"']?(?:<\|box_start\|>)?[\[(]?|[\[(])"
_ACTIONS = re.compile(
    rf"(?P<name>click|tap|press|swipe|drag|to|box)[\"']?\s{{0,4}}[:=(]\s{{0,4}}{_OPENING}\s{{0,4}}"
    rf"(?P<value>(?:x\s?=\s?)?{_NUMBER}\s{{0,4}},\s{{0,4}}(?:y\s?=\s?)?{_NUMBER}"
    rf"(?:\s{{0,4}},\s{{0,4}}{_NUMBER}\s{{0,4}},\s{{0,4}}{_NUMBER})?)"
    rf"(?:\s{{0,4}}[\])'\"]|\s{{0,4}},\s{{0,4}}[a-z_]{{1,20}}=|\s{{0,4}},\s{{0,4}}[\d.]{{1,6}}\s?\))"
)
_Spelling = tuple[str, int, re.Pattern[str]]
_BRACKETED: tuple[tuple[str, tuple[_Spelling, ...]], ...] = (
    ("box", (("bbox", 0, _LISTS), ("start_box", 6, _ACTIONS), ("end_box", 4, _ACTIONS))),
    ("Box", (("bbox", 0, _LISTS),)),
    ("_2d", (("point_2d", 0, _LISTS), ("points_2d", 0, _LISTS))),
    ("points", (("points", 0, _OUTLINES),)),
    ("polygon", (("polygon", 0, _OUTLINES),)),
    ("coordinate", (("coordinate", 0, _LISTS),)),
    ("lick", (("click", 0, _ACTIONS),)),
    ("LICK", (("click", 0, _ACTIONS),)),
    ("ap(", (("tap", 0, _ACTIONS),)),
    ("press", (("long_press", 5, _ACTIONS), ("longpress", 4, _ACTIONS))),
    ("swipe", (("swipe", 0, _ACTIONS),)),
    ("drag", (("drag", 0, _ACTIONS), ("dragto", 4, _ACTIONS))),
    ("moveTo", (("moveto", 4, _ACTIONS),)),
)
_ANGLED: tuple[tuple[str, tuple[_Spelling, ...]], ...] = (
    ("_start|>", (("<|box_start|>", 0, _TOKENS), ("<|quad_start|>", 0, _TOKENS), ("<|point_start|>", 0, _TOKENS))),
    ("</", (("<box>", 0, _TAGS), ("<quad>", 0, _TAGS), ("<point>", 0, _TAGS))),
    ("data-", (("data-bbox", 0, _HTML), ("data-point", 0, _HTML), ("data-polygon", 0, _HTML))),
)
"""A part of a text, as it is written, without which none of the words of small letters stands in it; and where in each
word its expression begins. Searching for words and reading on from there is many times faster than one expression."""
_ALL = (*_BRACKETED, *_ANGLED)
_BEFORE_CLICK = ("double", "right", "left", "middle", "triple", "double_", "right_", "left_", "middle_", "triple_")


@dataclass(frozen=True, slots=True)
class Written:
    """A box, point or outline as a text spells it: its numbers, x before y, and where each stands in the text.

    `kind` as in `Shape`; `acts`: it is what an action on the screen points at.
    """

    kind: str
    numbers: tuple[float, ...]
    spans: tuple[tuple[int, int], ...]
    acts: bool = False

    def shape(self, image: int | None) -> Shape:
        """What is kept of it."""
        numbers = self.numbers
        if self.kind == "point":
            x1, y1, x2, y2 = *numbers[:2], *numbers[:2]
        else:
            x1, y1, x2, y2 = extent(numbers) if self.kind == "outline" else numbers
        return Shape(self.kind, image, x1, y1, x2, y2)

    @property
    def sure(self) -> bool:
        """False for four numbers under `bbox` of which the last two can only be a width and a height, or are none."""
        numbers = self.numbers
        return self.kind != "bbox" or (numbers[2] >= numbers[0] and numbers[3] >= numbers[1])


def read(text: str, most: int = MOST) -> list[Written]:
    """The boxes and points of a text in its order, the first `most` of them; what is not sure to be one is not read."""
    bracketed, angled = "[" in text or "(" in text, "<" in text
    if not bracketed and not angled:
        return []
    low = ""
    found: dict[int, Written] = {}
    for part, spellings in _ALL if bracketed and angled else _BRACKETED if bracketed else _ANGLED:
        if part in text:
            low = low or _lowered(text)
            for word, skipped, pattern in spellings:
                place = low.find(word)
                while place >= 0 and len(found) < most:
                    if (match := pattern.match(low, place + skipped)) and _is_word(low, place, word, pattern):
                        for one in _of(match, low, pattern):
                            if one.acts or one.spans[0][0] not in found:
                                found[one.spans[0][0]] = one
                    place = low.find(word, place + len(word))
    if len(found) < 2:
        return list(found.values())
    return [found[place] for place in sorted(found)][:most]


def _lowered(text: str) -> str:
    """In small letters, character by character."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(map(_small, text))


def _small(letter: str) -> str:
    return letter.lower() if letter.isascii() else letter


def _is_word(low: str, place: int, word: str, pattern: re.Pattern[str]) -> bool:
    """Whether an action's word stands alone, or behind one that makes it another action (`doubleClick`)."""
    if pattern is not _ACTIONS:
        return True
    before = low[max(place - 8, 0) : place]
    if not before or not (before[-1].isalnum() or before[-1] == "_"):
        return True
    return word == "click" and before.endswith(_BEFORE_CLICK)


def _of(match: re.Match[str], low: str, pattern: re.Pattern[str]) -> Iterator[Written]:
    """The boxes and points of one match."""
    name, (start, end) = match["name"], match.span("value")
    if pattern is _ACTIONS:
        yield from _of_action(name, low, start, end)
    elif pattern is _LISTS and low[start + 1 : end].lstrip()[:1] in ("[", "("):
        for inner in _flat.finditer(low, start + 1, end):
            yield from _of_list(name, low, *inner.span())
    elif pattern is _LISTS:
        yield from _of_list(name, low, start, end)
    else:
        numbers, spans = _numbers(low, start, end)
        kind = {2: "point", 4: "box"}.get(len(numbers), "outline")
        if pattern in (_OUTLINES, _HTML) and name in ("points", "polygon"):
            kind = "outline"
        if kind == "outline" and (len(numbers) < 6 or len(numbers) % 2):
            return
        if name == "point" and kind != "point":
            return
        yield Written(kind, numbers, spans)


def _of_list(name: str, low: str, start: int, end: int) -> Iterator[Written]:
    numbers, spans = _numbers(low, start, end)
    is_box = name.startswith("bbox")
    if len(numbers) == (4 if is_box else 2):
        kind = "point" if not is_box else "box" if name.endswith("_2d") else "bbox"
        yield Written(kind, numbers, spans, acts=name.startswith("coordinate"))


def _of_action(name: str, low: str, start: int, end: int) -> Iterator[Written]:
    numbers, spans = _numbers(low, start, end)
    if len(numbers) == 4 and name == "box":
        yield Written("point" if numbers[:2] == numbers[2:] else "box", numbers, spans, acts=True)
    elif len(numbers) == 2 or name in ("swipe", "drag"):
        for first in range(0, len(numbers), 2):
            yield Written("point", numbers[first : first + 2], spans[first : first + 2], acts=True)


def _numbers(low: str, start: int, end: int) -> tuple[tuple[float, ...], tuple[tuple[int, int], ...]]:
    found = list(_number.finditer(low, start, end))
    return tuple([float(one[0]) for one in found]), tuple([one.span() for one in found])
