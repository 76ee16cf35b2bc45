"""Options that take one of a few words."""

from __future__ import annotations

from enum import Enum


class Integrity(str, Enum):
    """How deep image files are looked into."""

    header = "header"
    fast = "fast"
    full = "full"


class ModelSize(str, Enum):
    """Whose memory is estimated."""

    small = "2B"
    medium = "7B"
    large = "72B"


class Truncation(str, Enum):
    """What ms-swift does to a row above the cutoff."""

    delete = "delete"
    left = "left"
    right = "right"


class FailOn(str, Enum):
    """The least severity that fails the run."""

    error = "error"
    warning = "warning"
    info = "info"
