"""A row as ms-swift lays it out and cuts it: stretches of text and of pads, each learned or not.

Source: ms-swift 4.6.0 `template/base.py`: `_add_dynamic_eos`, `_extend_tokens`, `_truncate`; `loss_scale/base.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from validator.conversation.sample import MediaKind
from validator.facts.record import TurnFacts

UNLEARNED, OPEN = "unlearned", "open"
"""Words among the traits of a turn: the row leaves the answer out of the loss; no end is written after it."""
END = 2
"""Tokens that end an answer."""
_ANSWERS = ("assistant", "function")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens of one kind that follow each other. `turn` is a place in the facts' turns; `medium` the index of the image
    whose pads they are; `learned`: they are labels. Pads are never cut.
    """

    turn: int
    kind: Literal["text", "image", "video"]
    tokens: int
    medium: int | None
    learned: bool


def stretches(turns: Sequence[TurnFacts], sizes: Mapping[MediaKind, Sequence[int]]) -> list[Stretch]:
    """The stretches of an encoded row, before it is cut. `sizes`: pads of each medium.

    Pads that stand in the text are taken for those of images: the first pads of a row, whatever they are, get the
    images' numbers.
    """
    given = iter(enumerate(sizes["image"]))
    made: list[Stretch] = []
    for place, turn in enumerate(turns):
        answer = turn.role in _ANSWERS
        learned = answer and UNLEARNED not in turn.traits
        texts = turn.text_tokens or (0,)
        seen = 0
        for index, text in enumerate(texts):
            last = index == len(texts) - 1
            end = END if last and answer and OPEN not in turn.traits else 0
            if index:
                made.append(Stretch(place, "text", 1, None, False))
            for kind, tokens in _parts(turn, seen, text - end):
                medium, number = next(given, (None, tokens)) if kind == "image" else (None, tokens)
                made.append(Stretch(place, kind, number, medium, learned and medium is None))
            if end:
                learns = place == len(turns) - 1 or (learned and text > end)
                made.append(Stretch(place, "text", end, None, learns))
            if not last:
                medium, number = next(given, (None, 1))
                made += [Stretch(place, "text", 1, None, False), Stretch(place, "image", number, medium, False)]
            seen += text
    return made


def _parts(turn: TurnFacts, seen: int, text: int) -> Iterator[tuple[Literal["text", "image", "video"], int]]:
    """A text of which `seen` tokens of its turn stand before, split at the pads within."""
    loose: list[tuple[int, Literal["image", "video"]]] = [(pad, "image") for pad in turn.loose_pads]
    loose += [(pad, "video") for pad in turn.loose_video_pads]
    place = seen
    for pad, kind in sorted(loose):
        if seen <= pad < seen + text:
            if pad > place:
                yield "text", pad - place
            yield kind, 1
            place = pad + 1
    if seen + text > place:
        yield "text", seen + text - place


def keep(made: Sequence[Stretch], cutoff: int, truncation: str) -> list[tuple[int, int]]:
    """Which tokens of each stretch are left: from, and up to."""
    whole = [(0, stretch.tokens) for stretch in made]
    if truncation == "delete" or sum(stretch.tokens for stretch in made) <= cutoff:
        return whole
    left = max(cutoff - sum(stretch.tokens for stretch in made if stretch.kind != "text"), 0)
    order = range(len(made)) if truncation == "right" else reversed(range(len(made)))
    for index in order:
        if made[index].kind == "text":
            tokens = made[index].tokens
            stays = min(tokens, left)
            left -= stays
            whole[index] = (0, stays) if truncation == "right" else (tokens - stays, tokens)
    return whole


def num_labels(made: Sequence[Stretch], kept: Sequence[tuple[int, int]]) -> int:
    """Labels that are left; the first token of a row is none."""
    left = [(stretch, stop - start) for stretch, (start, stop) in zip(made, kept, strict=True) if stop > start]
    first = bool(left) and left[0][0].learned
    return sum(tokens for stretch, tokens in left if stretch.learned) - first
