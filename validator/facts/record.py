"""The record of one raw row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from validator.conversation.sample import MediaKind, Problem
from validator.coordinates.shape import Shape
from validator.records.arrow import FLAT, Int32
from validator.records.image_probe import ImageProbe
from validator.tokens.template import MediaSlot

Outcome = Literal["ok", "dropped", "crash", "unchecked"]


@dataclass(slots=True)
class TurnFacts:
    """One turn as the trainer renders it, the system prompt included.

    `index` is the message's place in the raw row, None for a system prompt that is no message. `text_tokens` counts
    the text between placeholders (n placeholders: n + 1 counts), the template's own tokens included, the two vision
    markers of each slot and its pads excluded; None where the turn was never encoded. `loose_pads` (of images) and
    `loose_video_pads` are the places of pads that come from literal text, among those text tokens. `slots` names the
    medium of each placeholder that is expanded. `placeholders` counts literal <image>, <video>, <audio>;
    `special_tokens` lists those in the text, that of the system prompt with the tools. `traits` are words for what the
    text looks like (validator/facts/traits.py); `shapes` are the boxes and points in it, in rows with images
    and without videos, the first 200 of a turn.
    """

    index: Int32 | None
    role: str
    slots: tuple[MediaSlot, ...] = ()
    text_tokens: tuple[int, ...] | None = None
    loose_pads: tuple[int, ...] = ()
    loose_video_pads: tuple[int, ...] = ()
    special_tokens: tuple[str, ...] = ()
    placeholders: tuple[Int32, Int32, Int32] = (0, 0, 0)
    num_characters: int = 0
    blank: bool = False
    traits: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()


@dataclass(slots=True, kw_only=True)
class MediaFacts:
    """One media reference and its probe. `turn` is the turn whose placeholder it fills, if any.

    The probe of a video is what the trainer takes it for: the frames that are fed, an even number of one size, and
    the number by which EXIF would turn what its display matrix turns. `decoded`: the loader decodes what stands in the
    row, and hands an image on. `likeness` is a perceptual hash, where asked for.
    Of what does not exist, `elsewhere` is the path under which the file is there, and `no_folder` the first folder on
    the way to it that is not. `shown` and `seconds` as in `VideoProbe`; the latter where the model is told.
    """

    kind: MediaKind
    index: Int32
    written: str
    form: str
    turn: Int32 | None = None
    decoded: bool = False
    probe: ImageProbe = field(default_factory=ImageProbe, metadata=FLAT)
    likeness: str | None = None
    elsewhere: str | None = None
    no_folder: str | None = None
    shown: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()


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


@dataclass(slots=True, kw_only=True)
class RowFacts:
    """Everything measured of one raw row, and, once settled under a run's limits, what the trainer makes of it.

    Measuring sets `outcome` to dropped or unchecked where that is certain; `settle` decides all others and sets
    `trainer_error` and the counts, which stay None where the trainer yields none. `budget` holds what the counts were
    taken from; it is not stored. `refused`: the trainer's loader refuses the whole file because of this row. `filled`
    names the converted columns (system, tools, images, videos, audios) that are not null in this row. `asked` and
    `answered` are hashes of what the trainer sees of a row before its last turn, and of that turn. `disagreement`: what
    transformers' own processor says otherwise, where it was asked.
    """

    dataset: str
    file: str
    row: int
    sample_id: str
    content_hash: str
    outcome: Outcome = "ok"
    trainer_error: str | None = None
    unchecked: str | None = None
    refused: bool = False
    filled: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    turns: list[TurnFacts] = field(default_factory=list)
    media: list[MediaFacts] = field(default_factory=list)
    asked: str | None = None
    answered: str | None = None
    num_tokens: int | None = None
    num_tokens_full: int | None = None
    num_text_tokens: int | None = None
    num_image_tokens: int | None = None
    num_video_tokens: int | None = None
    num_label_tokens: int | None = None
    image_tokens: list[int] = field(default_factory=list)
    disagreement: str | None = None
    budget: Budget | None = None

    def of_kind(self, kind: MediaKind) -> list[MediaFacts]:
        """The media of one kind, in the order of their column."""
        return [media for media in self.media if media.kind == kind]
