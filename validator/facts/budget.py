"""From facts to the counts that the trainer feeds: image geometry, cutoff and labels, by arithmetic alone.

No image is opened and no text is encoded here, so a finished run can be judged again under other limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from validator.conversation.sample import MediaKind
from validator.facts.record import Budget, MediaFacts, PairBudget, TurnFacts
from validator.facts.stretches import keep, num_labels, stretches
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


def spend(turns: Sequence[TurnFacts], media: Sequence[MediaFacts], limits: Limits) -> Budget:
    """Count the tokens of an encoded row. Raises ValueError where a side of an image or frame becomes zero."""
    sizes: dict[MediaKind, list[int]] = {"image": [], "video": []}
    for item in media:
        if item.kind != "audio":
            sizes[item.kind].append(media_tokens(item, limits))
    if limits.trainer.reading == "swift":
        return _keep_pads(turns, sizes, limits)
    laid = [_lay(turn, sizes) for turn in turns]
    if limits.trainer.truncation == "end":
        return _cut_at_end(turns, laid, sizes, limits)
    head, head_runs = laid.pop(0) if turns and turns[0].role == "system" else _NOTHING
    spoken = turns[len(turns) - len(laid) :]
    lengths = [(source, target) for (source, _), (target, _) in zip(laid[::2], laid[1::2], strict=True)]
    lengths[0] = (lengths[0][0] + head, lengths[0][1])
    total = sum(map(sum, lengths))
    kept = lengths
    if total > limits.cutoff_len:
        kept = truncate(lengths, limits.cutoff_len, last_first=limits.mask_history)
    pairs = []
    full_pads, kept_pads = {"image": 0, "video": 0}, {"image": 0, "video": 0}
    for index, (full, left) in enumerate(zip(lengths, kept, strict=True)):
        source, target = spoken[2 * index], spoken[2 * index + 1]
        prefix = head if index == 0 else 0
        parts = [(laid[2 * index][1], left[0] - prefix), (laid[2 * index + 1][1], left[1])]
        if index == 0:
            parts.append((head_runs, left[0]))
        pads = pads_left = 0
        for runs, limit in parts:
            for kind, place, number in runs:
                stays = number if full == left else min(max(limit - place, 0), number)
                full_pads[kind] += number
                kept_pads[kind] += stays
                pads, pads_left = pads + number, pads_left + stays
        pairs.append(PairBudget(source.index, target.index, *full, *left, pads, pads_left))
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


def _cut_at_end(
    turns: Sequence[TurnFacts],
    laid: Sequence[tuple[int, Sequence[_Run]]],
    sizes: Mapping[MediaKind, Sequence[int]],
    limits: Limits,
) -> Budget:
    """A row that is cut as a whole."""
    full, kept = {"image": 0, "video": 0}, {"image": 0, "video": 0}
    shares: list[_Share] = []
    place = learned = 0
    for turn, (length, runs) in zip(turns, laid, strict=True):
        limit = max(limits.cutoff_len - place, 0)
        pads = stays = 0
        for kind, start, number in runs:
            left = min(max(limit - start, 0), number)
            full[kind], kept[kind] = full[kind] + number, kept[kind] + left
            pads, stays = pads + number, stays + left
        shares.append((length, min(length, limit), pads, stays))
        if turn.role in _ANSWERS:
            learned += max(min(length, limit) - limits.trainer.header, 0)
        place += length
    total = min(place, limits.cutoff_len)
    labels = total if limits.trainer.labels == "all" else learned
    images, videos = (tuple(sizes[kind]) for kind in ("image", "video"))
    counts = (full["image"], kept["image"], full["video"], kept["video"])
    return Budget(tuple(_pairs(turns, shares)), images, videos, place, total, *counts, labels)


def _keep_pads(turns: Sequence[TurnFacts], sizes: Mapping[MediaKind, Sequence[int]], limits: Limits) -> Budget:
    """A row that loses text only."""
    made = stretches(turns, sizes)
    kept = keep(made, limits.cutoff_len, limits.trainer.truncation)
    shares = [[0, 0, 0, 0] for _ in turns]
    pads = {"image": 0, "video": 0, "text": 0}
    for stretch, (start, stop) in zip(made, kept, strict=True):
        share, visual = shares[stretch.turn], stretch.tokens if stretch.kind != "text" else 0
        share[:] = (share[0] + stretch.tokens, share[1] + stop - start, share[2] + visual, share[3] + visual)
        pads[stretch.kind] += stretch.tokens
    pairs = _pairs(turns, [(share[0], share[1], share[2], share[3]) for share in shares])
    full, left = (sum(share[column] for share in shares) for column in (0, 1))
    images, videos = (tuple(sizes[kind]) for kind in ("image", "video"))
    counts = (pads["image"], pads["image"], pads["video"], pads["video"])
    return Budget(tuple(pairs), images, videos, full, left, *counts, num_labels(made, kept))


_Share = tuple[int, int, int, int]
"""Of a turn: its tokens, those that are kept, its pads, those that are kept."""
_ANSWERS = ("assistant", "function")


def _pairs(turns: Sequence[TurnFacts], shares: Sequence[_Share]) -> list[PairBudget]:
    """A pair is an answer with all that stands before it since the last one."""
    pairs: list[PairBudget] = []
    answered = True
    for turn, (length, kept, pads, kept_pads) in zip(turns, shares, strict=True):
        if answered:
            pairs.append(PairBudget(None, None, 0, 0, 0, 0, 0, 0))
        pair, answered = pairs[-1], turn.role in _ANSWERS
        if answered:
            pair.target_turn, pair.target, pair.kept_target = turn.index, length, kept
        else:
            pair.source_turn = turn.index if pair.source_turn is None else pair.source_turn
            pair.source, pair.kept_source = pair.source + length, pair.kept_source + kept
        pair.pads, pair.kept_pads = pair.pads + pads, pair.kept_pads + kept_pads
    return pairs


def media_tokens(item: MediaFacts, limits: Limits) -> int:
    """Pads that an image or a video takes. Raises ValueError where a side becomes zero."""
    return tokens_of(item.kind, item.probe.width or 0, item.probe.height or 0, item.probe.frames or 0, limits)


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


_Run = tuple[MediaKind, int, int]
"""Pads that follow each other: what of, the place of the first within their turn, and their number."""
_NOTHING: tuple[int, Sequence[_Run]] = (0, ())


def _lay(turn: TurnFacts, tokens: Mapping[MediaKind, Sequence[int]]) -> tuple[int, Sequence[_Run]]:
    """A turn laid out as tokens: text, then a slot, then text ...: its length and its pads."""
    texts = turn.text_tokens or (0,)
    if not (turn.slots or turn.loose_pads or turn.loose_video_pads):
        return sum(texts), ()
    runs: list[_Run] = []
    place = seen = 0
    for index, text in enumerate(texts):
        runs += _loose(turn, place, seen, text)
        place, seen = place + text, seen + text
        if index < len(texts) - 1:
            slot = turn.slots[index]
            number = tokens[slot.kind][slot.index]
            runs.append((slot.kind, place + 1, number))
            place += number + MARKERS
    return place, runs


def _loose(turn: TurnFacts, place: int, seen: int, text: int) -> list[_Run]:
    """The pads from literal text among `text` tokens, before which `seen` tokens of text stand."""
    kinds: tuple[tuple[MediaKind, tuple[int, ...]], ...] = (
        ("image", turn.loose_pads),
        ("video", turn.loose_video_pads),
    )
    return [(kind, place + pad - seen, 1) for kind, loose in kinds for pad in loose if seen <= pad < seen + text]
