"""LLaMA-Factory cuts question by question and answer by answer. Source: 0.9.5 `processor_utils.py`, `supervised.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from validator.tokens.truncation import truncate as truncate_pairs
from validator.trainers.layout import Kept, Sizes, TokenSpan, add_turn, keep_beginnings

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
