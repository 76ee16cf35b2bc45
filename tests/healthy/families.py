"""All healthy families, by name."""

from tests.healthy.layouts import LAYOUTS, PREFERRED
from tests.healthy.stored import STORED

FAMILIES = {**STORED, **LAYOUTS}
NOT_COMPARED = ("rows drawn", *PREFERRED)
"""Families of which the trainer takes other rows each time, and those that are none of supervised fine-tuning's."""


def taken_by(trainer: str) -> tuple[str, ...]:
    """The names of the families that a trainer trains on as they are."""
    return tuple(name for name, family in FAMILIES.items() if trainer in family.trainers)
