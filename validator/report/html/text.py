"""Dataset text made fit to be shown: bounded, with placeholders marked and what cannot be seen made visible."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_PLACEHOLDER = r"<image>|<video>|<audio>"
_PLACEHOLDERS = re.compile(_PLACEHOLDER)
_HIDDEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff]"
)
_MARKED = re.compile(
    rf"(?P<placeholder>{_PLACEHOLDER})|(?P<special><\|[A-Za-z0-9_]{{1,40}}\|>)|(?P<hidden>({_HIDDEN})\4*)"
)
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
TAIL = 4
"""The end of a long text gets a quarter of what is shown of it."""
PIECES = 120
"""Of one text."""
Kind = Literal["plain", "placeholder", "special", "hidden", "left-out"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. `number`: of a placeholder, which of its kind it is in the sample."""

    kind: Kind
    text: str
    number: int | None = None


def pieces(text: str, most: int, seen: Counter[str] | None = None) -> list[Piece]:
    """A text in pieces of together at most about `most` characters. `seen` counts placeholders by word over the turns
    of a sample, and is counted on.
    """
    seen = Counter() if seen is None else seen
    if len(text) <= most:
        return _bounded(_marked(text, seen))
    tail = most // TAIL
    head, middle, tail_text = text[: most - tail], text[most - tail : len(text) - tail], text[len(text) - tail :]
    begin = _bounded(_marked(head, seen))
    inside = _PLACEHOLDERS.findall(middle)
    seen.update(inside)
    gap = f"{len(middle):,} characters left out" + (f", {len(inside)} placeholders among them" if inside else "")
    return [*begin, Piece("left-out", gap), *_bounded(_marked(tail_text, seen))]


def _bounded(found: Iterator[Piece]) -> list[Piece]:
    listed = list(found)
    if len(listed) <= PIECES:
        return listed
    return [
        *listed[:PIECES],
        Piece("left-out", f"{sum(len(piece.text) for piece in listed[PIECES:]):,} characters left out"),
    ]


def _marked(text: str, seen: Counter[str]) -> Iterator[Piece]:
    end = 0
    for match in _MARKED.finditer(text):
        if match.start() > end:
            yield _plain(text[end : match.start()])
        word = match.group()
        if match.lastgroup == "placeholder":
            yield Piece("placeholder", word, seen[word])
            seen[word] += 1
        elif match.lastgroup == "special":
            yield Piece("special", word)
        else:
            times = f" × {len(word):,}" if len(word) > 1 else ""
            yield Piece("hidden", f"U+{ord(word[0]):04X}{times}")
        end = match.end()
    if end < len(text):
        yield _plain(text[end:])


def _plain(text: str) -> Piece:
    return Piece("plain", _STACKED.sub(lambda match: match.group(1), text))
