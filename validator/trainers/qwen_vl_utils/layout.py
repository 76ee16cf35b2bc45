"""Qwen's fine-tuning learns answers without their headers, and cuts a row at its end. Source: `data_processor.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from validator.trainers.layout import ANSWERS, Kept, Sizes, TokenSpan, add_turn, cut_at_end

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts

HEADER = 3
"""Tokens of `<|im_start|>assistant` and the line's end, with which an answer begins."""


def spans(turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
    """Answers are labels, but for their headers."""
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        is_label = turn.role in ANSWERS
        if is_label:
            made.append(TokenSpan("text", HEADER, place, None, is_label=False))
        first = len(made)
        add_turn(made, turn, place, sizes, is_label)
        if is_label:
            made[first].num_tokens -= HEADER
    return made


def truncate(spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
    """At the end."""
    return cut_at_end(spans, limits.cutoff_len)
