"""A row as the tokens that a trainer lays out: spans, and what of them a cutoff leaves. Shared by trainers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from validator.conversation.sample import MediaKind
    from validator.facts.record import TurnFacts

Sizes = Mapping["MediaKind", Sequence[int]]
"""The number of pads of each medium, by kind."""
Kept = tuple[int, int]
"""Of a span: the first token that is left, and the one behind the last."""
UNLEARNED, OPEN = "unlearned", "open"
"""Words among the traits of a turn: the row leaves the answer out of the loss; no end is written after it."""
HEADER_TOKENS = 3
"""Of the header of an answer."""
HEADS = tuple(f"head-{tokens}" for tokens in range(1, 9))
"""Words among the traits of a turn: so many tokens at its beginning stand before what is learned of it."""
LEARNED = "learned-"
"""What a word among the traits of a turn begins with that says which of its text tokens are learned where a trainer
looks for answers by their tokens: LEARNED, the first, "-", the one behind the last. A turn may have several.
"""
MASKED = "masked-"
"""What a word among the traits of a turn begins with that says which of its text tokens is never learned: MASKED and
its place.
"""
ANSWERS = ("assistant", "function")
"""Roles of answers."""


@dataclass(slots=True)
class TokenSpan:
    """Tokens of one kind that follow each other. `turn` is a place in the facts' turns; `medium` the index of the
    medium whose pads they are, None for pads that stand in the text; `is_label`: they are learned.
    """

    kind: Literal["text", "image", "video"]
    num_tokens: int
    turn: int
    medium: int | None
    is_label: bool


def heads_of(turns: Sequence[TurnFacts]) -> list[int]:
    """Of each turn, the tokens at its beginning that stand before what is learned of it."""
    return [
        next((HEADS.index(word) + 1 for word in turn.traits if word in HEADS), 0) if turn.traits else 0
        for turn in turns
    ]


def learned_word(start: int, stop: int) -> str:
    """The word for text tokens from `start` on that are learned, before `stop`."""
    return f"{LEARNED}{start}-{stop}"


def learned_of(traits: Iterable[str]) -> list[tuple[int, int]]:
    """What such words among the traits of a turn say, in order."""
    said = (word[len(LEARNED) :].split("-") for word in traits if word.startswith(LEARNED))
    return [(int(start), int(stop)) for start, stop in said]


def masked_word(place: int) -> str:
    """The word for a text token that is never learned."""
    return f"{MASKED}{place}"


def masked_of(traits: Iterable[str]) -> list[int]:
    """What such words among the traits of a turn say, in order."""
    return [int(word[len(MASKED) :]) for word in traits if word.startswith(MASKED)]


def add_turn(spans: list[TokenSpan], turn: TurnFacts, place: int, sizes: Sizes, is_label: bool) -> None:
    """Append the spans of a turn, at least one: text, with the vision markers around its media, and pads."""
    texts = turn.text_tokens or (0,)
    if not (turn.slots or turn.loose_pads or turn.loose_video_pads):
        spans.append(TokenSpan("text", sum(texts), place, None, is_label))
        return
    seen = pending = 0
    for index, text in enumerate(texts):
        for tokens, pad in split_at_pads(turn, seen, text):
            pending += tokens
            if pad is not None:
                if pending:
                    spans.append(TokenSpan("text", pending, place, None, is_label))
                spans.append(TokenSpan(pad, 1, place, None, is_label))
                pending = 0
        seen += text
        if index < len(turn.slots):
            slot = turn.slots[index]
            spans.append(TokenSpan("text", pending + 1, place, None, is_label))
            spans.append(TokenSpan(slot.kind, sizes[slot.kind][slot.index], place, slot.index, is_label))  # type: ignore[arg-type]  # audio is refused
            pending = 1
    if pending:
        spans.append(TokenSpan("text", pending, place, None, is_label))


def split_at_pads(turn: TurnFacts, seen: int, text: int) -> list[tuple[int, Literal["image", "video"] | None]]:
    """A text of some tokens, before which `seen` of its turn stand, split at the pads within: tokens, and the kind of
    the pad behind them; None behind the last.
    """
    if not (turn.loose_pads or turn.loose_video_pads):
        return [(text, None)]
    pads: list[tuple[int, Literal["image", "video"]]] = [(pad, "image") for pad in turn.loose_pads]
    pads += [(pad, "video") for pad in turn.loose_video_pads]
    parts: list[tuple[int, Literal["image", "video"] | None]] = []
    place = seen
    for pad, kind in sorted(pads):
        if seen <= pad < seen + text:
            parts.append((pad - place, kind))
            place = pad + 1
    return [*parts, (seen + text - place, None)]


def keep_beginnings(spans: Sequence[TokenSpan], lengths: Sequence[int]) -> list[Kept]:
    """Of each turn the first so many tokens, by its place."""
    left = list(lengths)
    kept = []
    for span in spans:
        stays = min(span.num_tokens, left[span.turn])
        left[span.turn] -= stays
        kept.append((0, stays))
    return kept


def cut_at_end(spans: Sequence[TokenSpan], cutoff: int) -> list[Kept]:
    """The first so many tokens of the row."""
    kept = []
    for span in spans:
        stays = min(span.num_tokens, cutoff)
        cutoff -= stays
        kept.append((0, stays))
    return kept
