"""The boxes and points of a row beside its images: which systems of coordinates they can be in, how large they are fed.

Nothing is guessed: where it is not certain which image of a row is meant, a shape counts as lying in any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from validator.coordinates.shape import Shape
from validator.coordinates.systems import BITS, EVERY, PIXELS, Size, System, bounds, possible, systems_of
from validator.facts.budget import Limits
from validator.facts.record import MediaFacts, RowFacts

_LYING = frozenset((5, 6, 7, 8))
"""EXIF orientations that exchange width and height."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An image that shapes lie in: its size as stored and as it is fed, in pixels; `fed` is None where the trainer
    stops at it. `turned`: EXIF turns it for viewers, so that pixels may be meant either way.
    """

    media: MediaFacts
    stored: Size
    fed: Size | None
    turned: bool


@dataclass(frozen=True, slots=True)
class Located:
    """A shape of a row: the turn and its place in the row, the images that it may lie in, and the systems in which it
    lies within one of them (0: in none). `turned`: it lies in its only image as EXIF turns it, and in no other way.
    """

    turn: int | None
    shape: Shape
    frames: tuple[Frame, ...]
    bits: int
    turned: bool = False


@dataclass(frozen=True, slots=True)
class RowShapes:
    """All shapes of a row, and the systems that are possible for all that lie in something at once: 0 where there is
    none, `EVERY` where nothing can be said.
    """

    shapes: tuple[Located, ...]
    bits: int

    @property
    def mixed(self) -> bool:
        """Whether no system fits all shapes of which each fits some."""
        return self.bits == 0


def row_shapes(facts: RowFacts, limits: Limits) -> RowShapes | None:
    """The shapes of a row; None where it has none, or where the size of an image is not known."""
    if not any(turn.shapes for turn in facts.turns):
        return None
    frames = frames_of(facts.of_kind("image"), limits)
    if not frames:
        return None
    found, joint = [], EVERY
    for turn in facts.turns:
        for shape in turn.shapes:
            image = shape.image
            mine = frames if image is None or image >= len(frames) else frames[image : image + 1]
            bits = 0
            for frame in mine:
                bits |= possible(shape, frame.stored, frame.fed)
            turned = not bits and any(frame.turned and _fits_turned(shape, frame) for frame in mine)
            found.append(Located(turn.index, shape, mine, PIXELS if turned else bits, turned and len(mine) == 1))
            if bits:
                joint &= bits
    return RowShapes(tuple(found), joint)


def frames_of(images: Sequence[MediaFacts], limits: Limits) -> tuple[Frame, ...]:
    """The images of a row; none where the size of one is not known."""
    frames = []
    for image in images:
        probe = image.probe
        if not probe.width or not probe.height:
            return ()
        stored = probe.width, probe.height
        turned = probe.orientation in _LYING and not limits.trainer.applies_exif
        frames.append(Frame(image, stored, fed_size(stored, limits), turned))
    return tuple(frames)


def fed_size(stored: Size, limits: Limits) -> Size | None:
    """The size to which an image is brought before the model sees it; None where the trainer stops at it."""
    key = "fed", *stored, 0, False
    known = limits.known.get(key)
    if known is None:
        try:
            rows, columns = limits.trainer.image_grid(*stored, limits.image)
        except (ValueError, ZeroDivisionError):
            return None
        known = limits.known[key] = rows << 32 | columns
    patch = limits.image.patch_size
    return (known & 0xFFFFFFFF) * patch, (known >> 32) * patch


def _fits_turned(shape: Shape, frame: Frame) -> bool:
    return bool(possible(shape, (frame.stored[1], frame.stored[0]), None) & PIXELS)


def system_read(row: RowShapes, own: System) -> System:
    """The system that a row is taken to be in: the model's own if that is possible, or nothing is; else the first that
    is, pixels of the stored image before others.
    """
    if row.bits & BITS[own] or not row.bits:
        return own
    return systems_of(row.bits)[0]


def fed_sides(located: Located, system: System) -> tuple[float, float] | None:
    """Width and height of a box on the image as it is fed, in pixels; None for points, faulty boxes, and where the
    image is not certain. Of `bbox` only what both ways to read it agree on as a least: four numbers may hold a width
    and a height.
    """
    shape = located.shape
    if len(located.frames) != 1 or shape.kind == "point" or shape.fault is not None or not located.bits:
        return None
    (frame,) = located.frames
    if frame.fed is None:
        return None
    wide, high = bounds(system, frame.stored, frame.fed)
    x, y = shape.x2 - shape.x1, shape.y2 - shape.y1
    if shape.kind == "bbox":
        x, y = max(x, shape.x2), max(y, shape.y2)
    return x / wide * frame.fed[0], y / high * frame.fed[1]
