"""From facts to the counts that the trainer feeds: image geometry, cutoff and labels, by arithmetic alone.

No image is opened and no text is encoded here, so a finished run can be judged again under other limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from validator.conversation.sample import MediaKind
from validator.facts.record import MediaFacts, TurnFacts
from validator.media.geometry import ImageLimits, num_tokens
from validator.media.video import Frames, video_tokens
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
    """A question and its answer: full and kept lengths in tokens. Turn numbers are places in the raw row.

    `pads` and `kept_pads` count image and video pads together.
    """

    source_turn: int | None
    target_turn: int | None
    source: int
    target: int
    kept_source: int
    kept_target: int
    pads: int
    kept_pads: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a row after the cutoff. `image_tokens` and `video_tokens` are per medium, before it."""

    pairs: tuple[PairBudget, ...]
    image_tokens: tuple[int, ...]
    video_tokens: tuple[int, ...]
    num_tokens_full: int
    num_tokens: int
    num_image_tokens_full: int
    num_image_tokens: int
    num_video_tokens_full: int
    num_video_tokens: int
    num_label_tokens: int


def spend(turns: Sequence[TurnFacts], media: Sequence[MediaFacts], limits: Limits) -> Budget:
    """Count the tokens of an encoded row. Raises ValueError where a side of an image or frame becomes zero."""
    sizes = {kind: [media_tokens(item, limits) for item in media if item.kind == kind] for kind in _VISUAL}
    system = next((_Laid(turn, sizes) for turn in turns if turn.role == "system"), None)
    laid = [_Laid(turn, sizes) for turn in turns if turn.role != "system"]
    head = system.length if system else 0
    lengths = [
        (source.length + (head if index == 0 else 0), target.length)
        for index, (source, target) in enumerate(zip(laid[::2], laid[1::2], strict=True))
    ]
    kept = truncate(lengths, limits.cutoff_len, last_first=limits.mask_history)
    pairs = []
    totals = {kind: [0, 0] for kind in _VISUAL}
    for index, (full, left) in enumerate(zip(lengths, kept, strict=True)):
        source, target = laid[2 * index], laid[2 * index + 1]
        prefix = head if index == 0 else 0
        parts = [(source, max(left[0] - prefix, 0)), (target, left[1])]
        if system and index == 0:
            parts.append((system, left[0]))
        counts = {kind: _count(parts, kind) for kind in _VISUAL}
        for kind, (pads, kept_pads) in counts.items():
            totals[kind][0] += pads
            totals[kind][1] += kept_pads
        both = [sum(column) for column in zip(*counts.values(), strict=True)]
        pairs.append(PairBudget(source.turn.index, target.turn.index, *full, *left, *both))
    return Budget(
        tuple(pairs),
        tuple(sizes["image"]),
        tuple(sizes["video"]),
        sum(source + target for source, target in lengths),
        sum(source + target for source, target in kept),
        totals["image"][0],
        totals["image"][1],
        totals["video"][0],
        totals["video"][1],
        _labels(kept, limits),
    )


_VISUAL: tuple[MediaKind, ...] = ("image", "video")


def media_tokens(item: MediaFacts, limits: Limits) -> int:
    """Pads that an image or a video takes. Raises ValueError where a side becomes zero."""
    width, height = item.width or 0, item.height or 0
    if item.kind == "video":
        return video_tokens(Frames(item.frames or 0, width, height), limits.image)
    return num_tokens(width, height, limits.image)


def _count(parts: Sequence[tuple[_Laid, int]], kind: MediaKind) -> tuple[int, int]:
    """Pads of a kind in some turns: all of them, and those within the kept tokens."""
    return sum(turn.pads(kind) for turn, _ in parts), sum(turn.pads(kind, limit) for turn, limit in parts)


def _labels(kept: Sequence[tuple[int, int]], limits: Limits) -> int:
    targets = [target for _, target in kept]
    if limits.mask_history:
        targets = targets[-1:]
    sources = sum(source for source, _ in kept) if limits.train_on_prompt else 0
    return sum(targets) + sources


class _Laid:
    """A turn laid out as tokens: text, then a slot, then text ..."""

    def __init__(self, turn: TurnFacts, tokens: Mapping[MediaKind, Sequence[int]]) -> None:
        texts = turn.text_tokens or (0,)
        self.turn = turn
        self.runs: list[tuple[MediaKind, int, int]] = []  # (kind, place of the first pad, number of pads)
        place, seen = 0, 0
        for index, text in enumerate(texts):
            for kind, loose in (("image", turn.loose_pads), ("video", turn.loose_video_pads)):
                self.runs += [(kind, place + pad - seen, 1) for pad in loose if seen <= pad < seen + text]  # type: ignore[misc]
            place, seen = place + text, seen + text
            if index < len(texts) - 1:
                slot = turn.slots[index]
                number = tokens[slot.kind][slot.index]
                self.runs.append((slot.kind, place + 1, number))
                place += number + MARKERS
        self.length = place

    def pads(self, kind: MediaKind, limit: int | None = None) -> int:
        """Pads of a kind among the first `limit` tokens."""
        end = self.length if limit is None else limit
        return sum(min(max(end - first, 0), number) for mine, first, number in self.runs if mine == kind)
