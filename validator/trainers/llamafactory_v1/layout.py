"""Each answer is learned once, with its end, but without its header; images within it too. Of a row above the cutoff
the first tokens are fed, up to the last answer of which a label is left; with none, the row is left out.

Source: llamafactory-kt 0.9.6.dev0 `v1/core/rendering/rendering.py`, `v1/core/utils/batching.py`,
`v1/core/utils/collation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import ANSWERS, HEADER_TOKENS, UNLEARNED, Kept, Sizes, TokenSpan, add_turn, cut_at_end
from validator.trainers.span_table import is_first, offsets_of, owners, sums

if TYPE_CHECKING:
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import Ints, SpanTable

UNLEARNED_ROW = "all of its labels lie behind cutoff_len"
"""What is said of a row that is left out."""


def spans(turns: Sequence[TurnFacts], sizes: Sizes) -> list[TokenSpan]:
    """Answers are labels behind their header."""
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        learned = turn.role in ANSWERS and UNLEARNED not in turn.traits
        start = len(made)
        add_turn(made, turn, place, sizes, is_label=learned)
        if learned:
            first = made[start]
            head = min(HEADER_TOKENS, first.num_tokens)
            rest = first.num_tokens - head
            made[start : start + 1] = [
                TokenSpan("text", tokens, place, None, label)
                for tokens, label in ((head, False), (rest, True))
                if tokens
            ] or [first]
    return made


def truncate(spans: Sequence[TokenSpan], cutoff: int) -> list[Kept]:
    """The first tokens of the row, without the turns behind the last of which a label is left."""
    kept = cut_at_end(spans, cutoff)
    last = max((span.turn for span, (_, stop) in zip(spans, kept, strict=True) if span.is_label and stop), default=-1)
    return [part if span.turn <= last else (0, 0) for span, part in zip(spans, kept, strict=True)]


def span_table(spans: SpanTable) -> SpanTable:
    """`spans` for many rows."""
    turns, turn = spans.turns, spans.turn
    learned = (turns.is_answer & ~turns.is_unlearned)[turn]
    head = np.minimum(np.where(learned & is_first(turn), HEADER_TOKENS, 0), spans.num_tokens)
    nothing = np.zeros(len(turn), bool)
    return spans.split(head, np.zeros_like(head), (nothing, learned, nothing))


def truncate_table(spans: SpanTable, cutoff: int) -> Ints:
    """`truncate` for many rows."""
    kept = spans.cut_at_end(cutoff)
    rows = spans.row_offsets
    whole = sums(spans.num_tokens, rows) <= cutoff
    labels = offsets_of(np.where(spans.is_label, kept, 0))
    of_row = owners(rows)
    left = labels[rows[1:]][of_row] - labels[spans.offsets[:-1]][spans.turn]  # from the beginning of the turn on
    return np.where(whole[of_row] | (left > 0), kept, 0)
