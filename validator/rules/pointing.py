"""How far the boxes and points of a row reach, and into what."""

from __future__ import annotations

from validator.facts.record import RowFacts
from validator.settings import Settings
from validator.tokens.processor import load_processor

NORMALISED = 1000
"""Qwen2-VL's own coordinates run from 0 to 1000, whatever the size of the image; so do Qwen3-VL's."""


def own_system(settings: Settings) -> str:
    """The system of coordinates that the model was trained on, in words."""
    family = load_processor(settings.processor).family
    return "0-1000" if family.coordinates == "thousandths" else "pixels of the image as it is fed"


def reach_of_row(facts: RowFacts) -> tuple[float, float] | None:
    """The largest x and y of all turns; None where there are no boxes and points."""
    reaches = [turn.reach for turn in facts.turns if turn.reach]
    return (max(x for x, _ in reaches), max(y for _, y in reaches)) if reaches else None


def largest_image(facts: RowFacts) -> tuple[int, int] | None:
    """The largest width and height among the images, turned images both ways; None where one is unknown."""
    sizes = []
    for image in facts.of_kind("image"):
        probe = image.probe
        if not probe.width or not probe.height:
            return None
        sizes.append((probe.width, probe.height))
        if probe.orientation in (5, 6, 7, 8):
            sizes.append((probe.height, probe.width))
    return (max(width for width, _ in sizes), max(height for _, height in sizes)) if sizes else None


def within(reach: tuple[float, float], width: int, height: int) -> bool:
    """Whether coordinates lie within some width and height; the far edge counts."""
    return reach[0] <= width and reach[1] <= height
