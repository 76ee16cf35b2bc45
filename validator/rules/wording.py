"""Which turns the model learns to produce."""

from __future__ import annotations

from validator.facts.record import RowFacts, TurnFacts

ANSWERS = ("assistant", "function")


def answers(facts: RowFacts) -> list[TurnFacts]:
    """The turns that the model learns to produce."""
    return [turn for turn in facts.turns if turn.role in ANSWERS]
