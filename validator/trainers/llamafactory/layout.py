"""LLaMA-Factory cuts question by question and answer by answer. Source: 0.9.5 `processor_utils.py`, `supervised.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from validator.tokens.truncation import infer_seqlens
from validator.tokens.truncation import truncate as truncate_pairs
from validator.trainers.layout import Kept, Sizes, TokenSpan, add_turn, keep_beginnings
from validator.trainers.span_table import Ints, SpanTable, keep_first, sums

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts


def spans(turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
    """Answers are labels (under mask_history the last alone), questions under train_on_prompt."""
    made: list[TokenSpan] = []
    last = len(turns) - 1
    for place, turn in enumerate(turns):
        answers = (last - place) % 2 == 0 and turn.role != "system"
        is_label = (place == last or not limits.mask_history) if answers else limits.train_on_prompt
        add_turn(made, turn, place, sizes, is_label)
    return made


def truncate(spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
    """Each pair gets its share of what is left; the system prompt belongs to the first question."""
    lengths = [0] * (spans[-1].turn + 1)
    for span in spans:
        lengths[span.turn] += span.num_tokens
    head = lengths.pop(0) if len(lengths) % 2 else None
    lengths[0] += head or 0
    pairs = list(zip(lengths[::2], lengths[1::2], strict=True))
    left = [side for pair in truncate_pairs(pairs, limits.cutoff_len, last_first=limits.mask_history) for side in pair]
    if head is not None:
        left = [min(head, left[0]), max(left[0] - head, 0), *left[1:]]
    return keep_beginnings(spans, left)


def span_table(spans: SpanTable, limits: Limits) -> SpanTable:
    """`spans` for many rows."""
    turns = spans.turns
    answers = (turns.behind % 2 == 0) & ~turns.is_system
    is_label = np.where(answers, (turns.behind == 0) | (not limits.mask_history), limits.train_on_prompt)
    return replace(spans, is_label=np.repeat(is_label, np.diff(spans.offsets)))


def truncate_table(spans: SpanTable, limits: Limits) -> Ints:
    """`truncate` for many rows, which share their budgets pair by pair, the n-th pairs of all rows at once."""
    turns = spans.turns
    has_system = (turns.before + turns.behind + 1) & 1
    side = np.maximum(turns.before - has_system, 0)  # in its row: questions are even
    begins = np.flatnonzero((turns.before == 0) | (side > 0))
    offsets = spans.offsets[np.append(begins, len(side))]
    lengths = sums(spans.num_tokens, offsets).reshape(-1, 2)
    kept = lengths.copy()
    row, number = turns.row[begins[::2]], side[begins[::2]] // 2
    budget = np.full(len(turns.offsets) - 1, limits.cutoff_len)
    over = np.flatnonzero((np.bincount(row, lengths.sum(axis=1)) > limits.cutoff_len)[row])
    over = over[np.argsort(number[over], kind="stable")]
    groups = np.split(over, np.cumsum(np.bincount(number[over]))[:-1])
    for pairs in reversed(groups) if limits.mask_history else groups:
        source, target = lengths[pairs].T
        kept[pairs] = np.stack(infer_seqlens(source, target, budget[row[pairs]]), axis=1)
        budget[row[pairs]] -= kept[pairs].sum(axis=1)
    return keep_first(spans.num_tokens, offsets, kept.ravel())
