"""Words that several rules use."""

from __future__ import annotations

from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.findings import clip

ANSWERS = ("assistant", "function")
"""The roles of the turns that the model learns to produce."""

NOT_OPENED = {
    "missing": "does not exist",
    "folder": "is a folder",
    "forbidden": "may not be read (permissions)",
    "special": "is a pipe or a device, not a file",
    "disk": "cannot be read (input/output error)",
}
"""Faults of media of which no byte is read, and what is said of them."""

SEEN_AS = {
    2: "mirrored",
    3: "upside down",
    4: "upside down and mirrored",
    5: "on its side and mirrored",
    6: "on its side",
    7: "on its side and mirrored",
    8: "on its side",
}
"""By the EXIF orientation: how a picture is seen that is not turned as it asks."""


def names_file(media: MediaFacts) -> bool:
    """Whether a reference is meant to name a file, as FFmpeg means `file://` to."""
    return media.form == "path" or (media.kind == "video" and media.written.startswith("file://"))


def answers(facts: RowFacts) -> list[TurnFacts]:
    """The turns that the model learns to produce."""
    return [turn for turn in facts.turns if turn.role in ANSWERS]


def role_at(facts: RowFacts, index: int | None) -> str:
    """The word for a turn's role that the entry's `tags` do not know; empty where they know it."""
    turn = next((turn for turn in facts.turns if turn.index == index), None) if index is not None else None
    return clip(turn.role[1:-1]) if turn and turn.role.startswith(("'", '"')) else ""


def stops_with(exception: str | None, message: str | None) -> str:
    """`the trainer stops with ValueError: its words`."""
    said = clip(message or "", 120)
    return f"the trainer stops with {exception}" + (f": {said}" if said else "")


def fails_with(facts: RowFacts, exception: str | None, message: str | None) -> str:
    """The same of a row, as far as it stops the trainer: others are left out for it."""
    stops = stops_with(exception, message)
    return stops.replace("the trainer stops", "the row is left out", 1) if facts.outcome == "dropped" else stops


def the_turn(turn: TurnFacts) -> str:
    """`turn 3`, or `the system prompt`."""
    return "the system prompt" if turn.role == "system" else f"turn {turn.index}"


def converted(facts: RowFacts) -> bool:
    """Whether the loader has made something else of a text of the row, which is told of the whole column (DI019)."""
    return any(problem.kind == "type-converted" for problem in facts.problems)
