"""Words that several rules use."""

from __future__ import annotations

from validator.facts.record import RowFacts, TurnFacts
from validator.findings import clip

ANSWERS = ("assistant", "function")
"""The roles of the turns that the model learns to produce."""


def answers(facts: RowFacts) -> list[TurnFacts]:
    """The turns that the model learns to produce."""
    return [turn for turn in facts.turns if turn.role in ANSWERS]


def stops_with(exception: str | None, message: str | None) -> str:
    """`the trainer stops with ValueError: its words`."""
    said = clip(message or "", 120)
    return f"the trainer stops with {exception}" + (f": {said}" if said else "")


def the_turn(turn: TurnFacts) -> str:
    """`turn 3`, or `the system prompt`."""
    return "the system prompt" if turn.role == "system" else f"turn {turn.index}"
