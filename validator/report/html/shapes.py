"""Boxes and points to be drawn over a picture: as the data mean them on the stored image, as the model reads them on
the image as it is fed; what is wrong with each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from validator.coordinates.systems import BITS, WORDS, Size, System, bounds, systems_of
from validator.facts.budget import Limits
from validator.facts.located import Frame, Located, RowShapes, fed_sides, row_shapes, system_read
from validator.facts.record import RowFacts
from validator.rules.pointing import own_of
from validator.settings import Settings

MOST = 100
"""Shapes that are drawn over a picture."""
_THIN = 80
"""A box without an area is drawn as this part of the picture."""
_UPRIGHT = (None, 0, 1)
_DOUBT = {"outside": 6, "no number": 5, "no area": 5, "turned": 4, "mixed": 4, "system": 3, "small": 1}
"""How grave each is: rows on the sheet stand in this order."""

_OF_MODEL = frozenset(("system", "small"))
"""What is wrong for the model alone."""


@dataclass(slots=True)
class Drawn:
    """The shapes of one image: `stored` and `fed` are the sizes of their views, in the units of the shapes, None where
    there is nothing to draw on.
    """

    stored: Size | None
    fed: Size | None
    system: str
    on_stored: list[dict[str, Any]] = field(default_factory=list)
    on_fed: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class RowDrawn:
    """The shapes of a row, by the place of their image; `doubt` ranks it among others, 0 where nothing is wrong; and
    what is, in words, each once.
    """

    images: dict[int, Drawn] = field(default_factory=dict)
    doubt: int = 0
    words: list[str] = field(default_factory=list)


def drawn(
    facts: RowFacts, limits: Limits | None, settings: Settings, of_entries: Mapping[str, System]
) -> RowDrawn | None:
    """What there is to draw of a row. `of_entries`: the systems of entries of which a finding speaks."""
    row = row_shapes(facts, limits) if limits is not None else None
    if row is None or limits is None:
        return None
    own = own_of(settings)
    meant = of_entries.get(facts.dataset) or system_read(row, own)
    made, most, number = RowDrawn(), 0, 0
    for one in row.shapes:
        wrong = list(_wrong(one, row, own, meant, limits))
        for word, words in wrong:
            most, number = max(most, _DOUBT[word]), number + 1
            if words not in made.words:
                made.words.append(words)
        if len(one.frames) == 1 and one.shape.finite:
            _draw(made, one, own, meant, wrong)
    made.doubt = most * 1000 + min(number, 999) if most else 0
    return made


def _draw(made: RowDrawn, one: Located, own: System, meant: System, wrong: list[tuple[str, str]]) -> None:
    """Put a shape on both views of its image. On the stored one it is right as far as its system goes."""
    (frame,) = one.frames
    views = made.images.get(frame.media.index)
    if views is None:
        views = made.images[frame.media.index] = _views(frame, own, meant)
    if frame.media.probe.orientation not in _UPRIGHT and not one.turned:
        stored = None  # the picture is shown as EXIF turns it, which the numbers do not follow
    else:
        stored = (frame.stored[1], frame.stored[0]) if one.turned else views.stored
    views.stored = stored or views.stored
    in_it = [words for word, words in wrong if word not in _OF_MODEL]
    for size, marks, words in (
        (stored, views.on_stored, in_it),
        (views.fed, views.on_fed, [said for _, said in wrong]),
    ):
        if size is not None and len(marks) < MOST:
            marks.append(_mark(one, size, words))


def _views(frame: Frame, own: System, meant: System) -> Drawn:
    if frame.fed is None:
        return Drawn(None, None, WORDS[meant])
    return Drawn(bounds(meant, frame.stored, frame.fed), bounds(own, frame.stored, frame.fed), WORDS[meant])


def _mark(one: Located, size: Size, wrong: list[str]) -> dict[str, Any]:
    """A shape in numbers for SVG, brought to the edge of the picture where it lies outside."""
    left, top, right, bottom = one.shape.reach
    xs, ys = _within(left, right, size[0]), _within(top, bottom, size[1])
    if one.shape.kind == "point":
        xs, ys = (min(max(left, 0), size[0]),) * 2, (min(max(top, 0), size[1]),) * 2
    numbers = ", ".join(f"{value:g}" for value in (left, top, right, bottom)[: 2 if one.shape.kind == "point" else 4])
    return {
        "point": one.shape.kind == "point",
        "x": f"{xs[0]:g}",
        "y": f"{ys[0]:g}",
        "width": f"{xs[1] - xs[0]:g}",
        "height": f"{ys[1] - ys[0]:g}",
        "title": f"{one.shape.kind} {numbers}" + (f": {'; '.join(wrong)}" if wrong else ""),
        "wrong": bool(wrong),
    }


def _within(low: float, high: float, side: float) -> tuple[float, float]:
    """A stretch brought into a picture, and long enough to be seen where it has no length."""
    low, high = min(max(low, 0), side), min(max(high, 0), side)
    if high > low:
        return low, high
    low = min(low, side - side / _THIN)
    return low, low + side / _THIN


def _wrong(one: Located, row: RowShapes, own: System, meant: System, limits: Limits) -> Iterator[tuple[str, str]]:
    """What is wrong with a shape: words of `_DOUBT`, each with a sentence."""
    if not one.shape.finite:
        yield "no number", "holds a number that is none"
        return
    if one.shape.fault is not None:
        yield "no area", "has no area"
    if one.turned:
        yield "turned", "fits the picture only as its EXIF tag turns it"
    elif not one.bits:
        yield "outside", "lies outside the image"
    elif row.mixed:
        yield "mixed", "can only be " + " or ".join(WORDS[system] for system in systems_of(one.bits))
    elif meant != own or not one.bits & BITS[own]:
        yield "system", f"{WORDS[meant]}: the model reads {WORDS[own]}"
    sides = fed_sides(one, meant)
    if sides is not None and max(sides) < limits.image.factor and not math.isnan(max(sides)):
        yield "small", "is smaller than one token"
