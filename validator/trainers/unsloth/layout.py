"""unsloth's collator learns all text, questions too, but no token of vision; of prompts and completions the completion
alone. Rows are cut at their end. Source: unsloth_zoo 2026.10.9 `vision_utils.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import UNLEARNED, Sizes, TokenSpan, add_turn, heads_of
from validator.trainers.span_table import TEXT, is_first, sums

if TYPE_CHECKING:
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable


def spans(turns: Sequence[TurnFacts], sizes: Sizes) -> list[TokenSpan]:
    """Text is a label, the vision markers around pads and the pads themselves are not. `HEADS`: tokens of a completion
    that stand before it. The system prompt is learned where no turn is left out.
    """
    heads = heads_of(turns)
    masked = any(heads) or any(UNLEARNED in turn.traits for turn in turns)
    made: list[TokenSpan] = []
    for place, (turn, head) in enumerate(zip(turns, heads, strict=True)):
        learned = UNLEARNED not in turn.traits and not (masked and place == 0 and turn.role == "system")
        own: list[TokenSpan] = []
        add_turn(own, turn, place, sizes, is_label=False)
        if len(own) == 1 and not head:  # most turns
            own[0].is_label = learned and own[0].kind == "text" and own[0].num_tokens > 0
            made += own
            continue
        for index, span in enumerate(own):
            before = min(1 if index and own[index - 1].kind != "text" else head if not index else 0, span.num_tokens)
            behind = 1 if index + 1 < len(own) and own[index + 1].kind != "text" else 0
            behind = min(behind, span.num_tokens - before)
            text = span.num_tokens - before - behind
            if span.kind != "text" or not learned:
                made.append(span)
                continue
            parts = ((before, False), (text, True), (behind, False))
            made += [TokenSpan("text", tokens, place, None, label) for tokens, label in parts if tokens]
            if not span.num_tokens:
                made.append(span)
    return made


def span_table(spans: SpanTable) -> SpanTable:
    """`spans` for many rows."""
    turns, turn = spans.turns, spans.turn
    masked = sums(turns.is_unlearned | (turns.head > 0), turns.offsets) > 0
    learned = (~turns.is_unlearned & ~(turns.is_system & (turns.before == 0) & masked[turns.row]))[turn]
    first = is_first(turn)
    pads = spans.kind != TEXT
    split = learned & ~pads
    last = np.append(first[1:], True)
    behind_pads = np.append(False, pads[:-1]) & ~first
    before_pads = np.append(pads[1:], False) & ~last
    head = np.minimum(np.where(split, np.where(first, turns.head[turn], behind_pads), 0), spans.num_tokens)
    tail = np.minimum(np.where(split & before_pads, 1, 0), spans.num_tokens - head)
    nothing = np.zeros(len(turn), bool)
    return spans.split(head, tail, (nothing, split, nothing))
