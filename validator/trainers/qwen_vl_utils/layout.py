"""Qwen's fine-tuning learns answers without their headers, and cuts a row at its end. Source: `data_processor.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import ANSWERS, Sizes, TokenSpan, add_turn
from validator.trainers.span_table import SpanTable, is_first

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


def span_table(spans: SpanTable) -> SpanTable:
    """Answers are labels, but for their headers."""
    turn = spans.turn
    is_label = spans.turns.is_answer[turn]
    head = np.where(is_label & is_first(turn), HEADER, 0)
    return spans.split(head, np.zeros_like(head), (head < 0, is_label, head < 0))
