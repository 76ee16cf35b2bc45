"""Words that several rules share."""

from __future__ import annotations

from validator.facts.record import RowFacts, TurnFacts

ANSWERS = ("assistant", "function")


def count(number: int, noun: str) -> str:
    """`3 images`, `1 image`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def turn_of(facts: RowFacts, index: int | None) -> TurnFacts | None:
    """The turn at a place in the raw row."""
    return next((turn for turn in facts.turns if turn.index == index), None)


def answers(facts: RowFacts) -> list[TurnFacts]:
    """The turns that the model learns to produce."""
    return [turn for turn in facts.turns if turn.role in ANSWERS]
