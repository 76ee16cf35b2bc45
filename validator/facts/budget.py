"""From facts to the counts that the trainer feeds: image geometry, cutoff and labels, by arithmetic alone.

No image is opened and no text is encoded here, so a finished run can be judged again under other limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from validator.conversation.sample import MediaKind
from validator.facts.record import MediaFacts, TurnFacts
from validator.media.geometry import ImageLimits, num_tokens
from validator.media.video import Frames, video_tokens
from validator.tokens.truncation import truncate
from validator.trainer import DEFAULT, Trainer, trainer_named

MARKERS = 2
"""Tokens around the pads of a slot: vision start and vision end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that decide counts."""

    image: ImageLimits
    cutoff_len: int
    mask_history: bool = False
    train_on_prompt: bool = False
    trainer: Trainer = field(default_factory=lambda: trainer_named(DEFAULT))


@dataclass(slots=True)
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


@dataclass(slots=True)
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
    sizes: dict[MediaKind, list[int]] = {"image": [], "video": []}
    for item in media:
        if item.kind != "audio":
            sizes[item.kind].append(media_tokens(item, limits))
    laid = [_Laid(turn, sizes) for turn in turns]
    if limits.trainer.truncation == "end":
        return _cut_at_end(laid, sizes, limits)
    system = laid.pop(0) if laid and turns[0].role == "system" else None
    head = system.length if system else 0
    sources, targets = laid[::2], laid[1::2]
    lengths = [(source.length, target.length) for source, target in zip(sources, targets, strict=True)]
    lengths[0] = (lengths[0][0] + head, lengths[0][1])
    total = sum(map(sum, lengths))
    kept = lengths
    if total > limits.cutoff_len:
        kept = truncate(lengths, limits.cutoff_len, last_first=limits.mask_history)
    pairs = []
    full_pads, kept_pads = {"image": 0, "video": 0}, {"image": 0, "video": 0}
    for index, (full, left) in enumerate(zip(lengths, kept, strict=True)):
        prefix = head if index == 0 else 0
        parts = [(sources[index], max(left[0] - prefix, 0)), (targets[index], left[1])]
        if system and index == 0:
            parts.append((system, left[0]))
        pads = pads_left = 0
        for part, limit in parts:
            for kind, place, number in part.runs:
                stays = number if full == left else min(max(limit - place, 0), number)
                full_pads[kind] += number
                kept_pads[kind] += stays
                pads, pads_left = pads + number, pads_left + stays
        pairs.append(PairBudget(sources[index].turn.index, targets[index].turn.index, *full, *left, pads, pads_left))
    return Budget(
        tuple(pairs),
        tuple(sizes["image"]),
        tuple(sizes["video"]),
        total,
        sum(map(sum, kept)),
        full_pads["image"],
        kept_pads["image"],
        full_pads["video"],
        kept_pads["video"],
        _labels(kept, limits),
    )


def _cut_at_end(laid: Sequence[_Laid], sizes: Mapping[MediaKind, Sequence[int]], limits: Limits) -> Budget:
    """A row that is cut as a whole. A pair is an answer with all that stands before it since the last one."""
    pairs: list[PairBudget] = []
    full, kept = {"image": 0, "video": 0}, {"image": 0, "video": 0}
    place = learned = 0
    answered = True
    for part in laid:
        if answered:
            pairs.append(PairBudget(None, None, 0, 0, 0, 0, 0, 0))
        pair, answered = pairs[-1], part.turn.role in ("assistant", "function")
        limit = max(limits.cutoff_len - place, 0)
        if answered:
            pair.target_turn, pair.target, pair.kept_target = part.turn.index, part.length, min(part.length, limit)
            learned += max(pair.kept_target - limits.trainer.header, 0)
        else:
            pair.source_turn = part.turn.index if pair.source_turn is None else pair.source_turn
            pair.source, pair.kept_source = pair.source + part.length, pair.kept_source + min(part.length, limit)
        for kind, start, number in part.runs:
            stays = min(max(limit - start, 0), number)
            full[kind], kept[kind] = full[kind] + number, kept[kind] + stays
            pair.pads, pair.kept_pads = pair.pads + number, pair.kept_pads + stays
        place += part.length
    total = min(place, limits.cutoff_len)
    labels = total if limits.trainer.labels == "all" else learned
    images, videos = (tuple(sizes[kind]) for kind in ("image", "video"))
    counts = (full["image"], kept["image"], full["video"], kept["video"])
    return Budget(tuple(pairs), images, videos, place, total, *counts, labels)


def media_tokens(item: MediaFacts, limits: Limits) -> int:
    """Pads that an image or a video takes. Raises ValueError where a side becomes zero."""
    return tokens_of(item.kind, item.width or 0, item.height or 0, item.frames or 0, limits)


def tokens_of(kind: str, width: int, height: int, frames: int, limits: Limits) -> int:
    """Pads of an image (whatever its `frames`) or a video of a size in pixels. Raises ValueError as `media_tokens`."""
    if kind == "video":
        return video_tokens(Frames(frames, width, height), limits.image)
    return num_tokens(width, height, limits.image)


def _labels(kept: Sequence[tuple[int, int]], limits: Limits) -> int:
    targets = [target for _, target in kept]
    if limits.mask_history:
        targets = targets[-1:]
    sources = sum(source for source, _ in kept) if limits.train_on_prompt else 0
    return sum(targets) + sources


class _Laid:
    """A turn laid out as tokens: text, then a slot, then text ... `runs` are its pads as (kind, place of the first,
    number).
    """

    __slots__ = ("length", "runs", "turn")

    def __init__(self, turn: TurnFacts, tokens: Mapping[MediaKind, Sequence[int]]) -> None:
        texts = turn.text_tokens or (0,)
        self.turn = turn
        self.runs: list[tuple[MediaKind, int, int]] = []
        place = seen = 0
        for index, text in enumerate(texts):
            if turn.loose_pads or turn.loose_video_pads:
                self._lay_loose(turn, place, seen, text)
            place, seen = place + text, seen + text
            if index < len(texts) - 1:
                slot = turn.slots[index]
                number = tokens[slot.kind][slot.index]
                self.runs.append((slot.kind, place + 1, number))
                place += number + MARKERS
        self.length = place

    def _lay_loose(self, turn: TurnFacts, place: int, seen: int, text: int) -> None:
        kinds: tuple[tuple[MediaKind, tuple[int, ...]], ...] = (
            ("image", turn.loose_pads),
            ("video", turn.loose_video_pads),
        )
        for kind, loose in kinds:
            self.runs += [(kind, place + pad - seen, 1) for pad in loose if seen <= pad < seen + text]
