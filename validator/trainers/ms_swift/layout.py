"""ms-swift never cuts pads: a row that is too long is left out, or loses text from its left or its right.

Source: ms-swift 4.6.0 `template/base.py`: `_add_dynamic_eos`, `_extend_tokens`, `_truncate`; `loss_scale/base.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import ANSWERS, OPEN, UNLEARNED, Kept, Sizes, TokenSpan, split_at_pads
from validator.trainers.span_table import (
    IMAGE,
    TEXT,
    VIDEO,
    Ints,
    SpanTable,
    is_first,
    is_last,
    keep_first,
    offsets_of,
    sums,
)

if TYPE_CHECKING:
    from validator.facts.record import TurnFacts

END = 2
"""Tokens that end an answer."""


def spans(turns: Sequence[TurnFacts], sizes: Sizes, *, apart: bool) -> list[TokenSpan]:
    """Answers that are not left out are labels, the end of the last turn is always one.

    Pads that stand in the text are taken for those of media: the first pads of a kind, whatever they are, get the
    numbers of its media. `apart`: a video has a place for each two of its frames, and no pad of one stands in a text.
    """
    given = {kind: iter(enumerate(of_kind)) for kind, of_kind in sizes.items()}
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        answer = turn.role in ANSWERS
        learned = answer and UNLEARNED not in turn.traits
        texts = turn.text_tokens or (0,)
        seen = 0
        for index, text in enumerate(texts):
            last = index == len(texts) - 1
            end = END if last and answer and OPEN not in turn.traits else 0
            if index:
                made.append(TokenSpan("text", 1, place, None, is_label=False))
            for tokens, pad in split_at_pads(turn, seen, text - end):
                if tokens:
                    made.append(TokenSpan("text", tokens, place, None, learned))
                if pad is not None:
                    medium, number = next(given[pad], (None, 1))
                    made.append(TokenSpan(pad, number, place, medium, learned and medium is None))
            if end:
                learns = place == len(turns) - 1 or (learned and text > end)
                made.append(TokenSpan("text", end, place, None, learns))
            if not last:
                kind, number = turn.slots[index].kind, turn.slots[index].index
                assert kind != "audio"
                if kind == "video" and apart:
                    medium, pads = number, sizes[kind][number]
                else:
                    medium, pads = next(given[kind], (None, 1))
                made.append(TokenSpan("text", 1, place, None, is_label=False))
                made.append(TokenSpan(kind, pads, place, medium, is_label=False))
            seen += text
        if not made or made[-1].turn != place:
            made.append(TokenSpan("text", 0, place, None, learned))
    return made


def truncate(spans: Sequence[TokenSpan], cutoff: int, strategy: str) -> list[Kept]:
    """What is left of a row above the cutoff: all of it where it is left out as a whole."""
    kept = [(0, span.num_tokens) for span in spans]
    if strategy == "delete":
        return kept
    left = max(cutoff - sum(span.num_tokens for span in spans if span.kind != "text"), 0)
    order = range(len(spans)) if strategy == "right" else reversed(range(len(spans)))
    for index in order:
        if spans[index].kind == "text":
            tokens = spans[index].num_tokens
            stays = min(tokens, left)
            left -= stays
            kept[index] = (0, stays) if strategy == "right" else (tokens - stays, tokens)
    return kept


def span_table(spans: SpanTable) -> SpanTable:
    """`spans` for many rows: markers and ends of answers become spans of their own where they are learned otherwise."""
    turns, turn = spans.turns, spans.turn
    medium = spans.medium.copy()
    for kind in (IMAGE, VIDEO):
        pads = np.flatnonzero(spans.kind == kind)
        if (medium[pads] < 0).any():  # every medium has a place, in the order of its kind
            row, own = turns.row[turn[pads]], medium[pads] >= 0
            media = np.append(medium[pads[own]], -1)
            number = np.bincount(row[own], minlength=len(turns.offsets) - 1)
            rank = np.arange(len(row)) - np.searchsorted(row, row)
            medium[pads] = media[np.where(rank < number[row], offsets_of(number)[row] + rank, -1)]
    learned = (turns.is_answer & ~turns.is_unlearned)[turn]
    slot = spans.medium >= 0  # never the first or the last span of a turn
    head = np.roll(slot & learned, 1).astype(np.int64)
    ends = is_last(turn) & (turns.is_answer & ~turns.is_open)[turn]
    tail = np.where(ends, END, np.roll(slot & learned, -1))
    behind_pad = np.roll((spans.kind != TEXT) & ~slot, 1) & ~is_first(turn)
    end_learned = (turns.behind == 0)[turn] | (learned & ((spans.num_tokens > head + tail) | behind_pad))
    parts = (np.zeros_like(slot), learned & ~slot & (medium < 0), ends & end_learned)
    return replace(spans, medium=medium).split(head, tail, parts)


def truncate_table(spans: SpanTable, cutoff: int, strategy: str) -> Ints:
    """`truncate` for many rows."""
    if strategy == "delete":
        return spans.num_tokens
    text, rows = np.where(spans.kind == TEXT, spans.num_tokens, 0), spans.row_offsets
    left = np.maximum(cutoff - sums(spans.num_tokens - text, rows), 0)
    if strategy == "right":
        return spans.num_tokens - text + keep_first(text, rows, left)
    return spans.num_tokens - keep_first(text, rows, sums(text, rows) - left)


def too_long(num_tokens: int, cutoff: int) -> str:
    """What is said of a row above max_length that is left out."""
    return f"{TOO_LONG}: Current length of row({num_tokens}) is larger than the max_length({cutoff})."


TOO_LONG = "MaxLengthError"
"""What a row that is left out for its length fails with."""
