"""Writes the coordinates of a text in another system: each number in its own spelling, nothing else touched."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from validator.coordinates.read import Written
from validator.coordinates.systems import Size, scaled

Scale = tuple[Size, Size]
"""The bounds of an image in the system that it is in, and in the one that is wanted."""


@dataclass(frozen=True, slots=True)
class Change:
    """A number that was rewritten: where it stands in the new text, and both spellings. From the last to the first,
    `before` in the place of `after` gives the text as it was.
    """

    at: int
    before: str
    after: str


def rewritten(text: str, shapes: Sequence[Written], scale_of: Callable[[int], Scale]) -> tuple[str, list[Change]]:
    """The text with its shapes in another system, and each number that is another now. `scale_of` gives the bounds for
    a shape by its place.
    """
    pieces: list[str] = []
    changes: list[Change] = []
    done = length = 0
    for number, shape in enumerate(shapes):
        source, target = scale_of(number)
        for place, (value, (start, end)) in enumerate(zip(shape.numbers, shape.spans, strict=True)):
            before = text[start:end]
            after = spelled(scaled(value, place % 2, source, target), before, fraction=source == (1, 1))
            if after == before:
                continue
            pieces += text[done:start], after
            length += start - done
            changes.append(Change(length, before, after))
            length += len(after)
            done = end
    return "".join([*pieces, text[done:]]), changes


def restored(text: str, changes: Sequence[Change]) -> str:
    """The text before its changes. Raises ValueError where it does not have them."""
    for change in reversed(changes):
        end = change.at + len(change.after)
        if text[change.at : end] != change.after:
            raise ValueError(f"{change.after!r} does not stand at character {change.at}")
        text = text[: change.at] + change.before + text[end:]
    return text


def spelled(value: float, like: str, *, fraction: bool) -> str:
    """A number with as many decimals as another spelling has; whole where that is a fraction of 1. Rounded half to
    even, as Python and ms-swift round.
    """
    if not math.isfinite(value):
        return like
    decimals = 0 if fraction or "e" in like.lower() else len(like.partition(".")[2])
    return f"{round(value, decimals):.{decimals}f}" if decimals else str(round(value))
