"""Trainers that find answers by the tokens of their header: the text of each and `<|im_end|>` are learned, not the
header nor the line feed at the end, and no image pad.

Source: nemo-automodel 0.7.0 `components/datasets/vlm/collate_fns.py`, `_build_labels_from_markers`; axolotl 0.19.0
`processing_strategies.py`, `_compute_role_keep_mask`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from validator.conversation.sample import Sample
from validator.tokens.processor import Processor
from validator.trainers.chat_template import joins_header
from validator.trainers.layout import HEADER_TOKENS, UNLEARNED, Sizes, TokenSpan, add_turn
from validator.trainers.span_table import IMAGE, is_first, is_last

if TYPE_CHECKING:
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable


def unlearn_joined(sample: Sample, processor: Processor) -> None:
    """An answer whose header is one token with its beginning is not found, and so not learned."""
    for turn in sample.turns:
        if turn.role == "assistant" and joins_header(turn.content, processor):
            turn.learned = False
            sample.note("answer-not-found", turn.index, "")


def spans(turns: Sequence[TurnFacts], sizes: Sizes) -> list[TokenSpan]:
    """Answers are labels between their header and the last token."""
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        learned = turn.role == "assistant" and UNLEARNED not in turn.traits
        own: list[TokenSpan] = []
        add_turn(own, turn, place, sizes, is_label=learned)
        if learned:
            own = _split(own, place)
        made += own
    return made


def _split(own: list[TokenSpan], place: int) -> list[TokenSpan]:
    first, last = own[0], own[-1]
    head = min(HEADER_TOKENS, first.num_tokens)
    tail = min(1, last.num_tokens - (head if len(own) == 1 else 0))
    made = [TokenSpan("text", head, place, None, is_label=False)] if head else []
    for index, span in enumerate(own):
        tokens = span.num_tokens - (head if index == 0 else 0) - (tail if index == len(own) - 1 else 0)
        if tokens:
            made.append(TokenSpan(span.kind, tokens, place, span.medium, is_label=span.kind != "image"))
    if tail:
        made.append(TokenSpan("text", tail, place, None, is_label=False))
    return made or own


def span_table(spans: SpanTable) -> SpanTable:
    """`spans` for many rows."""
    turns, turn = spans.turns, spans.turn
    answer = (turns.is_answer & ~turns.is_unlearned)[turn]
    head = np.minimum(np.where(answer & is_first(turn), HEADER_TOKENS, 0), spans.num_tokens)
    tail = np.minimum(np.where(answer & is_last(turn), 1, 0), spans.num_tokens - head)
    nothing = np.zeros(len(turn), bool)
    return spans.split(head, tail, (nothing, answer & (spans.kind != IMAGE), nothing))
