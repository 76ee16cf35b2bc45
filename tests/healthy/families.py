"""All healthy families, by name."""

from tests.healthy.layouts import LAYOUTS
from tests.healthy.stored import STORED

FAMILIES = {**STORED, **LAYOUTS}
OF_SEVERAL = ("rows drawn",)
"""Families of which the trainer takes other rows each time."""


def taken_by(trainer: str) -> tuple[str, ...]:
    """The names of the families that a trainer trains on as they are."""
    return tuple(name for name, family in FAMILIES.items() if trainer in family.trainers)
