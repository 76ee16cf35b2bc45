"""Which `image_max_pixels` would make a row fit its cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from validator.facts.budget import Limits, spend
from validator.facts.record import MediaFacts, TurnFacts


def max_pixels_that_fits(turns: Sequence[TurnFacts], media: Sequence[MediaFacts], limits: Limits) -> int | None:
    """The largest `image_max_pixels` found, a multiple of one token's pixels, at which the row needs no truncation.

    None where no value does. Tokens grow with the limit up to rounding, so the result is checked, not only bisected.
    """
    step = limits.image.factor**2
    low = -(-limits.image.min_pixels // step)

    def fits(tokens: int) -> bool:
        image = limits.trainer.with_max_pixels(limits.image, tokens * step)
        try:
            return spend(turns, media, replace(limits, image=image)).num_tokens_full <= limits.cutoff_len
        except ValueError:
            return False

    high = max(limits.image.max_pixels // step, low)
    if not fits(low):
        return None
    good = low
    while good + 1 < high:
        middle = (good + high) // 2
        if fits(middle):
            good = middle
        else:
            high = middle
    return good * step
