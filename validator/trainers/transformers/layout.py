"""TRL learns everything but what a row's masks leave out, and cuts a row at its end. Source: TRL 1.16,
`sft_trainer.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import UNLEARNED, Sizes, TokenSpan, add_turn, heads_of
from validator.trainers.span_table import is_first, sums

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable

PREPARED = "prepared"
"""A word among the traits of a turn: the row is cut before training, and left out where no label is left."""

UNLEARNED_ROW = "no label is left within max_length"
"""What is said of such a row."""


def spans(turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
    """Every token is a label but for turns that are not learned, and what stands before a learned answer. The system
    prompt is learned where all is.
    """
    made: list[TokenSpan] = []
    if not any(turn.traits for turn in turns):  # most rows
        for place, turn in enumerate(turns):
            add_turn(made, turn, place, sizes, is_label=True)
        return made
    heads = heads_of(turns)
    masked = any(heads) or any(UNLEARNED in turn.traits for turn in turns)
    for place, (turn, head) in enumerate(zip(turns, heads, strict=True)):
        learned = UNLEARNED not in turn.traits and not (masked and place == 0 and turn.role == "system")
        start = len(made)
        add_turn(made, turn, place, sizes, is_label=learned)
        if head:
            first = made[start]
            rest = _of_tokens(first, first.num_tokens - head)
            made[start : start + 1] = [TokenSpan("text", head, place, None, is_label=False), *rest]
    return made


def _of_tokens(span: TokenSpan, tokens: int) -> list[TokenSpan]:
    """A span of so many tokens, none where there are none."""
    return [replace(span, num_tokens=tokens)] if tokens else []


def span_table(spans: SpanTable) -> SpanTable:
    """`spans` for many rows."""
    turns, turn = spans.turns, spans.turn
    masked = sums(turns.is_unlearned | (turns.head > 0), turns.offsets) > 0
    learned = ~turns.is_unlearned & ~(turns.is_system & (turns.before == 0) & masked[turns.row])
    if not turns.head.any():
        return replace(spans, is_label=learned[turn])
    head = np.where(is_first(turn), turns.head[turn], 0)
    nothing = np.zeros(len(turn), bool)
    return spans.split(head, np.zeros_like(head), (nothing, learned[turn], nothing))
