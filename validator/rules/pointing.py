"""What rules about boxes and points share: the shapes of a row, and the systems of an entry's rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from validator.coordinates.systems import BITS, EVERY, FED, PIXELS, WORDS, Size, System, own_system, systems_of
from validator.facts.located import RowShapes, row_shapes
from validator.rules.base import Case
from validator.rules.noticed import Noticed
from validator.settings import Settings
from validator.tokens.processor import load_processor

EXAMPLES = 10
"""Rows that are named to be shown."""
SURE = 0.05
"""Share of the rows with boxes or points that must be certain before those of an entry are converted."""


def family_of(settings: Settings) -> str:
    """The name of the family of the run's model."""
    return load_processor(settings.processor).family.name


def own_of(settings: Settings) -> System:
    """The system of coordinates that the run's model was trained on."""
    return own_system(load_processor(settings.processor).family.coordinates)


def own_words(settings: Settings) -> str:
    """The same in words."""
    return WORDS[own_of(settings)]


def shapes_of(case: Case) -> RowShapes | None:
    """The boxes and points of a row beside its images; None where it has none."""
    if not case.located:
        case.located = (row_shapes(case.facts, case.limits),)
    return case.located[0]


@dataclass(slots=True)
class Example:
    """An image of a row whose system is certain, in pixels."""

    stored: Size
    fed: Size | None


@dataclass(slots=True)
class Systems:
    """The rows of an entry with boxes or points: how many, the systems that are possible for all of them (a sum of
    bits), and the rows of each sum other than `EVERY`, with an image of the first.
    """

    rows: int = 0
    joint: int = EVERY
    of_bits: dict[int, Noticed] = field(default_factory=dict)
    images: dict[int, Example] = field(default_factory=dict)
    examples: list[tuple[str, int]] = field(default_factory=list)
    """The first rows, as (file, row), that cannot be in the model's own system."""
    resized: bool = False
    """Whether an image is fed at another size: else its pixels are those of the stored one."""

    def rows_of(self, *sums: int) -> Noticed:
        """The rows of some sums, of which the first given comes first."""
        joined = Noticed()
        for bits in sums:
            if bits in self.of_bits:
                joined = joined.merge(self.of_bits[bits])
        return joined

    def against(self, own: System) -> Noticed:
        """The rows that cannot be in a system."""
        found = self.rows_of(*sorted(bits for bits in self.of_bits if not bits & BITS[own]))
        return Noticed(found.rows, self.examples[0] if self.examples else found.first)

    def others(self, own: System) -> list[System]:
        """The systems that all rows can be in; pixels of images that keep their size are one system."""
        joint = self.joint
        if own != "fed" and joint & PIXELS and not self.resized:
            joint &= ~FED
        return systems_of(joint)

    def certain(self, own: System) -> System | None:
        """The one system that all rows can be in, where it is not the model's own and enough rows say so; None where
        that is not certain.
        """
        found = self.others(own)
        enough = self.against(own).rows >= max(SURE * self.rows, 1)
        return found[0] if len(found) == 1 and found[0] != own and enough else None


def fold(systems: Systems, case: Case) -> None:
    """Count a row, unless its boxes lie in no image or contradict each other."""
    row = shapes_of(case)
    if row is None or not row.bits or not any(one.bits for one in row.shapes):
        return
    systems.rows += 1
    systems.joint &= row.bits
    systems.resized = systems.resized or any(frame.fed != frame.stored for one in row.shapes for frame in one.frames)
    if row.bits == EVERY:
        return
    if len(systems.examples) < EXAMPLES and not row.bits & BITS[own_of(case.settings)]:
        systems.examples.append((case.facts.file, case.facts.row))
    systems.of_bits.setdefault(row.bits, Noticed()).add(case.facts)
    if row.bits not in systems.images:
        frame = next(one.frames[0] for one in row.shapes if one.bits)
        systems.images[row.bits] = Example(frame.stored, frame.fed)


def merge(left: Systems, right: Systems) -> Systems:
    """Join two parts of an entry, the earlier one first."""
    joined = Systems(
        left.rows + right.rows,
        left.joint & right.joint,
        dict(left.of_bits),
        {**right.images, **left.images},
        [*left.examples, *right.examples][:EXAMPLES],
        left.resized or right.resized,
    )
    for bits, rows in right.of_bits.items():
        joined.of_bits[bits] = joined.of_bits[bits].merge(rows) if bits in joined.of_bits else rows
    return joined
