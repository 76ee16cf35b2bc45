"""TRL learns everything, and cuts a row at its end. Source: TRL 1.16, `sft_trainer.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from validator.trainers.layout import Kept, Sizes, TokenSpan, add_turn, cut_at_end

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts


def spans(turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
    """Every token is a label."""
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        add_turn(made, turn, place, sizes, is_label=True)
    return made


def truncate(spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
    """At the end."""
    return cut_at_end(spans, limits.cutoff_len)
