"""A row's tokens in the order in which the trainer lays them out, and which of them the cutoff leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from validator.facts.budget import Limits, media_tokens
from validator.facts.record import MediaFacts, RowFacts, TurnFacts

Kind = Literal["text", "image", "video"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of tokens of one kind, of which the first `kept` are left. `turn` is a place in the facts' turns, `medium`
    the index among the media of its kind. `learned`: they are labels.
    """

    kind: Kind
    tokens: int
    kept: int
    turn: int
    medium: int | None
    learned: bool


def segments(facts: RowFacts, limits: Limits) -> list[Segment]:
    """The segments of a settled row; none where the trainer yields no tokens for it.

    Vision markers count as text, and so do pads that stand in the text itself.
    """
    budget = facts.budget
    if budget is None:
        return []
    turns = list(enumerate(facts.turns))
    system = [turns.pop(0)] if turns and turns[0][1].role == "system" else []
    found: list[Segment] = []
    for number, pair in enumerate(budget.pairs):
        source, target = turns[2 * number], turns[2 * number + 1]
        last = number == len(budget.pairs) - 1
        streams = (
            ([*system, source] if number == 0 else [source], pair.kept_source, limits.train_on_prompt),
            ([target], pair.kept_target, last or not limits.mask_history),
        )
        for stream, left, learned in streams:
            for place, turn in stream:
                for kind, tokens, medium in _runs(turn, facts.media, limits):
                    kept = min(tokens, left)
                    left -= kept
                    found.append(Segment(kind, tokens, kept, place, medium, learned))
    return found


def _runs(turn: TurnFacts, media: list[MediaFacts], limits: Limits) -> Iterator[tuple[Kind, int, int | None]]:
    sizes = {(item.kind, item.index): media_tokens(item, limits) for item in media if item.kind != "audio"}
    texts = turn.text_tokens or (0,)
    for index, text in enumerate(texts):
        around = (index > 0) + (index < len(texts) - 1)  # the vision markers of the slots beside it
        yield "text", text + around, None
        if index < len(texts) - 1:
            slot = turn.slots[index]
            assert slot.kind != "audio"
            yield slot.kind, sizes[slot.kind, slot.index], slot.index
