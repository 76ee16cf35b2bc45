"""TRL learns everything, and cuts a row at its end. Source: TRL 1.16, `sft_trainer.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import Sizes, TokenSpan, add_turn

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable


def spans(turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
    """Every token is a label."""
    made: list[TokenSpan] = []
    for place, turn in enumerate(turns):
        add_turn(made, turn, place, sizes, is_label=True)
    return made


def span_table(spans: SpanTable) -> SpanTable:
    """Every token is a label."""
    return replace(spans, is_label=np.ones(len(spans.kind), bool))
