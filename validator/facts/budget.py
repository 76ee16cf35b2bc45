"""From facts to the counts that the trainer feeds: image geometry, cutoff and labels, by arithmetic alone.

No image is opened and no text is encoded here, so a finished run can be judged again under other limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from validator.conversation.sample import MediaKind
from validator.facts.record import Budget, MediaFacts, PairBudget, TurnFacts
from validator.media.geometry import ImageLimits
from validator.media.video import LISTED
from validator.trainers.base import Trainer
from validator.trainers.layout import ANSWERS, Kept, Sizes, TokenSpan
from validator.trainers.registry import DEFAULT, trainer_named

_MOST_KNOWN = 1 << 14


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that decide counts."""

    image: ImageLimits
    cutoff_len: int
    mask_history: bool = False
    train_on_prompt: bool = False
    trainer: Trainer = field(default_factory=lambda: trainer_named(DEFAULT))
    known: dict[tuple[str, int, int, int, bool], int] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    """Pads of sizes that were met: (kind, width, height, frames, whether these are a list)."""


def spend(turns: Sequence[TurnFacts], media: Sequence[MediaFacts], limits: Limits) -> Budget:
    """Count the tokens of an encoded row. Raises ValueError where a side of an image or frame becomes zero.

    A pair is an answer with all that stands before it since the last one. Its source is named by its first turn, and
    where rows are pairs by its question, before which a system prompt may stand.
    """
    trainer = limits.trainer
    sizes = sizes_of(media, limits)
    spans = trainer.spans(turns, sizes, limits)
    total = sum([span.num_tokens for span in spans])
    kept = trainer.truncate(spans, limits) if total > limits.cutoff_len else None
    full_pads, kept_pads = {"image": 0, "video": 0}, {"image": 0, "video": 0}
    pairs: list[PairBudget] = []
    pair, place, answers = _no_pair(), -1, True
    num_tokens = labels = 0
    for index, span in enumerate(spans):
        if span.turn != place:
            place, turn = span.turn, turns[span.turn]
            if answers:
                pairs.append(pair := _no_pair())
            answers = turn.role in ANSWERS
            if answers:
                pair.target_turn = turn.index
            elif pair.source_turn is None or trainer.pairs_turns:
                pair.source_turn = turn.index
        tokens = stays = span.num_tokens
        if kept is not None:
            start, stop = kept[index]
            stays = stop - start
        pads = 0 if trainer.is_removed(span, stays) else stays
        if answers:
            pair.target += tokens
            pair.kept_target += stays
        else:
            pair.source += tokens
            pair.kept_source += stays
        if span.kind != "text":
            pair.pads += tokens
            pair.kept_pads += pads
            full_pads[span.kind] += tokens
            kept_pads[span.kind] += pads
        if span.is_label and (num_tokens or trainer.first_is_label):
            labels += pads
        elif span.is_label and stays:
            labels += stays - 1
        num_tokens += stays
    return Budget(
        tuple(pairs),
        tuple(sizes["image"]),
        tuple(sizes["video"]),
        total,
        num_tokens,
        full_pads["image"],
        kept_pads["image"],
        full_pads["video"],
        kept_pads["video"],
        labels,
    )


def _no_pair() -> PairBudget:
    return PairBudget(None, None, 0, 0, 0, 0, 0, 0)


def sizes_of(media: Sequence[MediaFacts], limits: Limits) -> Sizes:
    """Pads of each image and video. Raises ValueError where a side becomes zero."""
    sizes: dict[MediaKind, list[int]] = {"image": [], "video": []}
    for item in media:
        if item.kind != "audio":
            sizes[item.kind].append(slot_tokens(item, limits))
    return sizes


def kept_of(spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
    """What the cutoff leaves of each span."""
    if sum([span.num_tokens for span in spans]) <= limits.cutoff_len:
        return [(0, span.num_tokens) for span in spans]
    return limits.trainer.truncate(spans, limits)


def media_tokens(item: MediaFacts, limits: Limits) -> int:
    """Pads that an image or a video takes. Raises ValueError where a side becomes zero."""
    return slots_of(item.kind, item.probe.frames or 0, limits) * slot_tokens(item, limits)


def slot_tokens(item: MediaFacts, limits: Limits) -> int:
    """Pads at one place of an image or a video. Raises ValueError where a side becomes zero."""
    probe = item.probe
    size = probe.width or 0, probe.height or 0, probe.frames or 0
    return tokens_of(item.kind, *size, limits, listed=probe.format == LISTED)


def slots_of(kind: str, frames: int, limits: Limits) -> int:
    """Places, between vision markers, that an image or a video takes."""
    return (frames + 1) // 2 if kind == "video" and limits.image.apart else 1


def tokens_of(kind: str, width: int, height: int, frames: int, limits: Limits, *, listed: bool = False) -> int:
    """Pads at one place of an image (whatever its `frames`) or a video of a size in pixels; `listed`: it is given as a
    list of images. Raises ValueError as `media_tokens`.
    """
    key = kind, width, height, frames, listed
    known = limits.known.get(key)
    if known is None:
        image, trainer = limits.image, limits.trainer
        if kind == "video":
            of_video = replace(image, listed=True) if listed else image
            rows, columns = trainer.frame_grid(width, height, frames, of_video)
            times = 1 if image.apart else (frames + 1) // 2
        else:
            rows, columns = trainer.image_grid(width, height, image)
            times = 1
        if len(limits.known) >= _MOST_KNOWN:
            limits.known.clear()
        known = limits.known[key] = times * (rows * columns // image.merge_size**2)
    return known
