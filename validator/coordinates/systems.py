"""The systems that coordinates of an image are written in, and which of them a shape can be in."""

from __future__ import annotations

from typing import Literal

from validator.coordinates.shape import Shape

System = Literal["pixels", "0-1000", "0-1", "fed"]
"""Pixels of the stored image, thousandths and fractions of its sides, pixels of the image as the model is fed it."""
Size = tuple[int, int]
"""Width and height in pixels."""
PIXELS, THOUSANDTHS, FRACTIONS, FED = 1, 2, 4, 8
EVERY = PIXELS | THOUSANDTHS | FRACTIONS | FED
BITS: dict[System, int] = {"pixels": PIXELS, "0-1000": THOUSANDTHS, "0-1": FRACTIONS, "fed": FED}
"""Sets of systems are kept as the sum of these."""
WORDS: dict[System, str] = {
    "pixels": "pixels of the stored image",
    "0-1000": "0-1000",
    "0-1": "0-1",
    "fed": "pixels of the image as it is fed",
}


def bounds(system: System, stored: Size, fed: Size) -> Size:
    """The largest x and y of an image in a system; the far edge counts."""
    if system == "pixels":
        return stored
    return fed if system == "fed" else (1000, 1000) if system == "0-1000" else (1, 1)


def own_system(coordinates: Literal["thousandths", "pixels"]) -> System:
    """The system that a family of models was trained on, by what its record says."""
    return "0-1000" if coordinates == "thousandths" else "fed"


def possible(shape: Shape, stored: Size, fed: Size | None) -> int:
    """The systems in which a shape lies within its image: the sum of their bits, 0 where it lies in none.

    Fractions are certain where nothing exceeds 1 and something is no whole number: in every other system that would be
    less than one pixel. Without a size `fed` that system is as possible as the stored one. Rounding moves an edge by up
    to one pixel.
    """
    left, top, right, bottom = shape.reach
    if not shape.finite or left < 0 or top < 0:
        return 0
    if shape.filled:
        return THOUSANDTHS if right <= 1000 and bottom <= 1000 else 0
    if right <= 1 and bottom <= 1:
        whole = left.is_integer() and top.is_integer() and right.is_integer() and bottom.is_integer()
        return EVERY if whole else FRACTIONS
    found = THOUSANDTHS if right <= 1000 and bottom <= 1000 else 0
    if right <= stored[0] and bottom <= stored[1]:
        found |= PIXELS
    if fed is None:
        return found | (FED if found & PIXELS else 0)
    return found | FED if right <= fed[0] + 1 and bottom <= fed[1] + 1 else found


def systems_of(bits: int) -> list[System]:
    """The systems of a sum of bits."""
    return [system for system, bit in BITS.items() if bits & bit]


def scaled(value: float, place: int, source: Size, target: Size) -> float:
    """A coordinate in another system, given the bounds of both. `place`: 0 for x, 1 for y. In the order in which
    ms-swift computes it (`template/base.py`, `normalize_bbox`), so that rounding agrees.
    """
    return value / source[place] * target[place]
