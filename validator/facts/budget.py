"""From facts to the counts that the trainer feeds: image geometry, cutoff and labels, by arithmetic alone.

No image is opened and no text is encoded here, so a finished run can be judged again under other limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from validator.facts.record import MediaFacts, TurnFacts
from validator.media.geometry import ImageLimits, num_tokens
from validator.tokens.truncation import truncate

MARKERS = 2
"""Tokens around the pads of a slot: vision start and vision end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that decide counts."""

    image: ImageLimits
    cutoff_len: int
    mask_history: bool = False
    train_on_prompt: bool = False


@dataclass(frozen=True, slots=True)
class PairBudget:
    """A question and its answer: full and kept lengths in tokens. Turn numbers are places in the raw row."""

    source_turn: int | None
    target_turn: int | None
    source: int
    target: int
    kept_source: int
    kept_target: int
    image_tokens: int
    kept_image_tokens: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a row after the cutoff."""

    pairs: tuple[PairBudget, ...]
    image_tokens: tuple[int, ...]
    num_tokens_full: int
    num_tokens: int
    num_image_tokens_full: int
    num_image_tokens: int
    num_label_tokens: int


def spend(turns: Sequence[TurnFacts], media: Sequence[MediaFacts], limits: Limits) -> Budget:
    """Count the tokens of an encoded row of images and text. Raises ValueError where an image's side becomes zero."""
    images = [item for item in media if item.kind == "image"]
    per_image = [num_tokens(item.width or 0, item.height or 0, limits.image) for item in images]
    queue = iter(per_image)
    system = [turn for turn in turns if turn.role == "system"]
    messages = [turn for turn in turns if turn.role != "system"]
    rows = [_Row(turn, queue) for turn in messages]
    head = sum(sum(turn.text_tokens or ()) for turn in system)
    head_pads = [place for turn in system for place in turn.loose_pads]

    lengths = [
        (source.length + (head if index == 0 else 0), target.length)
        for index, (source, target) in enumerate(zip(rows[::2], rows[1::2], strict=True))
    ]
    kept = truncate(lengths, limits.cutoff_len, last_first=limits.mask_history)
    pairs = []
    for index, (full, left) in enumerate(zip(lengths, kept, strict=True)):
        source, target = rows[2 * index], rows[2 * index + 1]
        prefix = head if index == 0 else 0
        loose = [place for place in head_pads if place < left[0]] if index == 0 else []
        pairs.append(
            PairBudget(
                source.turn.index,
                target.turn.index,
                *full,
                *left,
                image_tokens=source.pads() + target.pads() + (len(head_pads) if index == 0 else 0),
                kept_image_tokens=source.pads(max(left[0] - prefix, 0)) + target.pads(left[1]) + len(loose),
            )
        )
    return Budget(
        tuple(pairs),
        tuple(per_image),
        sum(source + target for source, target in lengths),
        sum(source + target for source, target in kept),
        sum(pair.image_tokens for pair in pairs),
        sum(pair.kept_image_tokens for pair in pairs),
        _labels(kept, limits),
    )


def _labels(kept: Sequence[tuple[int, int]], limits: Limits) -> int:
    targets = [target for _, target in kept]
    if limits.mask_history:
        targets = targets[-1:]
    sources = sum(source for source, _ in kept) if limits.train_on_prompt else 0
    return sum(targets) + sources


class _Row:
    """A turn laid out as tokens: text, then a slot, then text ..."""

    def __init__(self, turn: TurnFacts, images: Iterator[int]) -> None:
        texts = turn.text_tokens or (0,)
        self.turn = turn
        self.slots: list[tuple[int, int]] = []  # (place of the first pad, number of pads)
        self.loose: list[int] = []
        place, seen = 0, 0
        for index, text in enumerate(texts):
            self.loose += [place + pad - seen for pad in turn.loose_pads if seen <= pad < seen + text]
            place, seen = place + text, seen + text
            if index < len(texts) - 1:
                self.slots.append((place + 1, next(images)))
                place += self.slots[-1][1] + MARKERS
        self.length = place

    def pads(self, limit: int | None = None) -> int:
        """Image pads among the first `limit` tokens."""
        end = self.length if limit is None else limit
        in_slots = sum(min(max(end - first, 0), number) for first, number in self.slots)
        return in_slots + sum(place < end for place in self.loose)
