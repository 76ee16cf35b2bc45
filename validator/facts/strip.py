"""A row's tokens in the order in which the trainer lays them out, and which of them the cutoff leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from validator.facts.budget import Limits, media_tokens
from validator.facts.record import Budget, MediaFacts, RowFacts, TurnFacts
from validator.facts.stretches import keep, stretches

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
    trainer = limits.trainer
    if trainer.reading == "swift":
        return list(_stretched(facts, limits))
    if trainer.truncation == "end":
        learned = [trainer.labels == "all" or turn.role in ("assistant", "function") for _, turn in turns]
        header = 0 if trainer.labels == "all" else trainer.header
        streams = [_Stream(turns, limits.cutoff_len, learned, header)]
    else:
        streams = list(_pairs(turns, budget, limits))
    return [segment for stream in streams for segment in _cut(stream, facts.media, limits)]


def _stretched(facts: RowFacts, limits: Limits) -> Iterator[Segment]:
    """Under ms-swift: a row may lose its beginning, and keeps all its pads."""
    assert facts.budget is not None
    made = stretches(facts.turns, {"image": facts.budget.image_tokens, "video": facts.budget.video_tokens})
    for item, (start, stop) in zip(made, keep(made, limits.cutoff_len, limits.trainer.truncation), strict=True):
        for tokens, kept in ((start, 0), (item.tokens - start, stop - start)):
            if tokens:
                yield Segment(item.kind, tokens, kept, item.turn, item.medium, item.learned)


@dataclass(frozen=True, slots=True)
class _Stream:
    """Turns of which together the first `left` tokens are kept. `learned` says of each whether its tokens are labels,
    but for the first `header` of them.
    """

    turns: Sequence[tuple[int, TurnFacts]]
    left: int
    learned: Sequence[bool]
    header: int = 0


def _pairs(turns: list[tuple[int, TurnFacts]], budget: Budget, limits: Limits) -> Iterator[_Stream]:
    """Questions and answers, each cut at its own end; a system prompt belongs to the first question."""
    system = [turns.pop(0)] if turns and turns[0][1].role == "system" else []
    for number, pair in enumerate(budget.pairs):
        source = [*(system if number == 0 else ()), turns[2 * number]]
        yield _Stream(source, pair.kept_source, [limits.train_on_prompt] * len(source))
        last = number == len(budget.pairs) - 1
        yield _Stream([turns[2 * number + 1]], pair.kept_target, [last or not limits.mask_history])


def _cut(stream: _Stream, media: list[MediaFacts], limits: Limits) -> Iterator[Segment]:
    left = stream.left
    for (place, turn), learned in zip(stream.turns, stream.learned, strict=True):
        header = stream.header if learned else 0
        for kind, tokens, medium in _runs(turn, media, limits):
            parts = [(min(header, tokens), False), (tokens - min(header, tokens), learned)]
            header -= parts[0][0]
            for number, is_label in parts:
                kept = min(number, left)
                left -= kept
                if number:
                    yield Segment(kind, number, kept, place, medium, is_label)


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
