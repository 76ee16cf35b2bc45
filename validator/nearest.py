"""What a word that is none of those known was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is nearest; None where none is near. `cutoff`: how near, from 0 to 1 (the same)."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """` Did you mean X?`, or nothing where nothing is near. `cutoff` as for `near`."""
    close = near(word, known, cutoff)
    return f" Did you mean {close}?" if close else ""
