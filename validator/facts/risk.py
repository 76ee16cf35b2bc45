"""How much a row is worth replaying: a score from its facts, higher is worse.

Error findings come first: 100 where the row reaches the model, 50 where the trainer stops before it, which needs no
replay to be known. Below that, each part is between 0 and its weight: length (2), visual tokens (1), their share (1),
few labels (2), a cut by the cutoff (1). Replay adds rarity (2), which only the whole run knows.
"""

from __future__ import annotations

import math

from validator.facts.record import RowFacts

REACHES_MODEL, STOPS_BEFORE = 100.0, 50.0
_LONGEST = 16.0
"""log2 of the length that scores full: 65,536 tokens."""


def risk(facts: RowFacts, status: str) -> float | None:
    """The score of a row with a status; None where the trainer drops it or nothing is known of it."""
    if status in ("dropped", "unchecked"):
        return None
    if facts.num_tokens is None:
        return STOPS_BEFORE
    visual = (facts.num_image_tokens or 0) + (facts.num_video_tokens or 0)
    score = REACHES_MODEL if status == "flagged" else 0.0
    score += 2.0 * _scaled(facts.num_tokens) + _scaled(visual) + visual / max(facts.num_tokens, 1)
    score += 2.0 / (1 + (facts.num_label_tokens or 0))
    score += float((facts.num_tokens_full or 0) > facts.num_tokens)
    return round(score, 6)


def _scaled(tokens: int) -> float:
    return min(math.log2(1 + tokens) / _LONGEST, 1.0)
