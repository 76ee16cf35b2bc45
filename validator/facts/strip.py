"""A row's tokens in the order in which the trainer lays them out, and which of them the cutoff leaves."""

from __future__ import annotations

from dataclasses import dataclass

from validator.conversation.sample import MediaKind
from validator.facts.budget import Limits, kept_of
from validator.facts.record import RowFacts
from validator.trainers.layout import TokenSpan


@dataclass(frozen=True, slots=True)
class Segment:
    """A span, or what the cutoff takes of its beginning, of which the first `kept` tokens are left."""

    span: TokenSpan
    tokens: int
    kept: int


def segments(facts: RowFacts, limits: Limits) -> list[Segment]:
    """The segments of a settled row; none where the trainer yields no tokens for it. Vision markers count as text."""
    budget = facts.budget
    if budget is None:
        return []
    sizes: dict[MediaKind, tuple[int, ...]] = {"image": budget.image_tokens, "video": budget.video_tokens}
    spans = limits.trainer.spans(facts.turns, sizes, limits)
    parts = (
        Segment(span, tokens, kept)
        for span, (start, stop) in zip(spans, kept_of(spans, limits), strict=True)
        for tokens, kept in ((start, 0), (span.num_tokens - start, stop - start))
    )
    return [part for part in parts if part.tokens]
