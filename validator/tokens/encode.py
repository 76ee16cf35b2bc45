"""A converted sample -> encoded turns, in the trainer's order of checks, raising what the trainer raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample, Stage, Turn
from validator.tokens.encoder import Encoder
from validator.tokens.ids import as_list
from validator.tokens.long_space import PanicException
from validator.tokens.processor import Processor
from validator.tokens.template import (
    PAD_TOKENS,
    SLOTS,
    VISION_END,
    VISION_START,
    MediaSlot,
    Piece,
    Template,
)

PANIC = "tokenizer-panic"
"""Kind of the problem that the tokenizer ends the trainer's process."""


@dataclass(slots=True)
class EncodedTurn:
    """A rendered turn: ids of the texts between slots (n slots: n + 1 texts). `turn` is None for the system prompt.

    `pieces` are the texts themselves, without what the template writes `before` the first and `after` the last.
    """

    turn: Turn | None
    texts: list[Sequence[int]]
    slots: list[MediaSlot]
    pieces: list[str]
    before: str = ""
    after: str = ""

    @property
    def written(self) -> list[str]:
        """The texts with what the template writes around them."""
        texts = [self.before + self.pieces[0], *self.pieces[1:]]
        return [*texts[:-1], texts[-1] + self.after]


class TrainerError(Exception):
    """The trainer would stop here with `cause`; `kind`, `turn` and `stage` say where."""

    def __init__(self, kind: str, cause: Exception, turn: int | None = None, stage: Stage = "convert") -> None:
        super().__init__(str(cause))
        self.kind, self.cause, self.turn, self.stage = kind, cause, turn, stage


def refuse_media(sample: Sample, refused: frozenset[MediaKind]) -> None:
    """Raise TrainerError where a sample has media of a kind that its template does not take."""
    for kind in PLACEHOLDERS:
        if kind in refused and sample.media.get(kind):
            error = ValueError(
                f"This model does not support {kind} input. Please check whether the correct `template` is used."
            )
            raise TrainerError("audio" if kind == "audio" else "media-refused", error)


def encode_turns(
    sample: Sample, processor: Processor, default_system: str | None, template: Template
) -> list[EncodedTurn]:
    """Encode a sample that passed the trainer's checks. Raises TrainerError."""
    encoder = processor.encoder
    taken: dict[MediaKind, int] = dict.fromkeys(PAD_TOKENS, 0)
    turns = []
    try:
        system = template.system(sample, default_system)
    except Exception as error:
        raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    if system:
        slots = template.slots_in(system, taken, sample) if template.repairs else []
        pieces = template.slot.split(system, len(slots))[::2] if slots else [system]
        try:
            turns.append(EncodedTurn(None, [_encode_system(encoder, piece) for piece in pieces], slots, pieces))
        except (TypeError, PanicException) as error:
            raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    for index, turn in enumerate(sample.turns):
        slots = []
        content = turn.content
        if isinstance(turn.content, str) and turn.role in template.parted:
            slots = template.slots_in(turn.content, taken, sample)
            if sample.times and any(slot.kind == "video" for slot in slots):
                content, slots = template.with_times(turn.content, slots, sample.times)
        try:
            if isinstance(turn.content, list) and any(word in turn.content for word in SLOTS):
                raise AttributeError("'list' object has no attribute 'replace'")
            if content is None and not template.expands_all:
                content = ""
            if not isinstance(content, str) and turn.role != "system":
                raise RuntimeError(f"Expected a string, got {turn.content}")
            before, pieces, after = template.turn(turn.role, content, index // 2, slots)
            before, after = template.around(sample.turns, index) or (before, after)
        except Exception as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
        try:
            turns.append(_encode_turn(turn, before, pieces, after, encoder))
        except (TypeError, PanicException) as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
    return turns


def _encode_turn(turn: Turn, before: str, pieces: list[Piece], after: str, encoder: Encoder) -> EncodedTurn:
    if len(pieces) == 1:
        text = str(pieces[0])
        return EncodedTurn(turn, [encoder.encode_framed(before, text, after)], [], [text], before, after)
    slots = [piece for piece in pieces if isinstance(piece, MediaSlot)]
    first, *middle, last = [piece for piece in pieces if isinstance(piece, str)]
    texts: list[Sequence[int]] = [
        encoder.encode_framed(before, first, ""),
        *(encoder.encode(text) if text else [] for text in middle),
        encoder.encode_framed("", last, after),
    ]
    return EncodedTurn(turn, texts, slots, [first, *middle, last], before, after)


_systems: dict[tuple[int, str], Sequence[int]] = {}
_MOST_SYSTEMS, _LONGEST_SYSTEM = 64, 1 << 14


def _encode_system(encoder: Encoder, text: str) -> Sequence[int]:
    """System prompts repeat from row to row: the ids of a few are kept."""
    key = (id(encoder), text)
    known = _systems.get(key)
    if known is None:
        known = encoder.encode(text)
        if len(text) <= _LONGEST_SYSTEM:
            if len(_systems) >= _MOST_SYSTEMS:
                _systems.clear()
            _systems[key] = known
    return known


def flatten(turn: EncodedTurn, processor: Processor, media_tokens: Mapping[MediaKind, Sequence[int]]) -> list[int]:
    """All ids of a turn, its slots filled with pads. The list is not to be changed."""
    ids = as_list(turn.texts[0])
    if not turn.slots:
        return ids
    ids = list(ids)
    for slot, text in zip(turn.slots, turn.texts[1:], strict=True):
        pads = [processor.token_id(PAD_TOKENS[slot.kind])] * media_tokens[slot.kind][slot.index]
        ids += [processor.token_id(VISION_START), *pads, processor.token_id(VISION_END)]
        ids += as_list(text)
    return ids


def _system_kind(error: Exception, sample: Sample) -> str:
    if isinstance(error, PanicException):
        return PANIC
    return "tools-json" if sample.tools else "content-type"


def _turn_kind(error: Exception, turn: Turn) -> str:
    if isinstance(error, PanicException):
        return PANIC
    if turn.role == "function" and isinstance(turn.content, str):
        return "function-json"
    return "role-unknown" if isinstance(error, NotImplementedError) else "content-type"
