"""A converted sample -> encoded turns, in the trainer's order of checks, raising what the trainer raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample, Turn
from validator.tokens.encoder import Encoder
from validator.tokens.processor import Processor
from validator.tokens.template import (
    PAD_TOKENS,
    SLOTS,
    VISION_END,
    VISION_START,
    MediaSlot,
    Piece,
    render_system,
    render_turn,
    slots_in,
)


@dataclass(slots=True)
class EncodedTurn:
    """A rendered turn: ids of the texts between slots (n slots: n + 1 texts). `turn` is None for the system prompt.

    `written` are the texts themselves.
    """

    turn: Turn | None
    texts: list[list[int]]
    slots: list[MediaSlot]
    written: list[str]


class TrainerError(Exception):
    """The trainer would stop here with `cause`; `kind` and `turn` say where."""

    def __init__(self, kind: str, cause: Exception, turn: int | None = None) -> None:
        super().__init__(str(cause))
        self.kind, self.cause, self.turn = kind, cause, turn


def check_messages(sample: Sample) -> None:
    """The trainer's checks before any image is opened: audio support, then placeholder counts. Raises TrainerError."""
    if sample.media.get("audio"):
        error = ValueError(
            "This model does not support audio input. Please check whether the correct `template` is used."
        )
        raise TrainerError("audio", error)
    counts = dict.fromkeys(PLACEHOLDERS, 0)
    for turn in sample.turns:
        if isinstance(turn.content, str) and "<" not in turn.content:
            continue
        for kind, placeholder in PLACEHOLDERS.items():
            try:
                counts[kind] += turn.content.count(placeholder)
            except (AttributeError, TypeError) as error:
                raise TrainerError("content-type", error, turn.index) from None
    for kind, placeholder in PLACEHOLDERS.items():
        if counts[kind] != len(sample.media.get(kind, ())):
            text = f"The number of {kind}s does not match the number of {placeholder} tokens in"
            raise TrainerError("count-mismatch", ValueError(text))


def encode_turns(sample: Sample, processor: Processor, default_system: str | None) -> list[EncodedTurn]:
    """Encode a sample that passed `check_messages`. Raises TrainerError."""
    encoder = processor.encoder
    taken: dict[MediaKind, int] = dict.fromkeys(PAD_TOKENS, 0)
    turns = []
    try:
        system = render_system(sample.system, sample.tools, default_system)
    except Exception as error:
        raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    if system:
        try:
            turns.append(EncodedTurn(None, [_encode_system(encoder, system)], [], [system]))
        except TypeError as error:
            raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    for index, turn in enumerate(sample.turns):
        slots = slots_in(turn.content, taken) if isinstance(turn.content, str) else []
        try:
            if isinstance(turn.content, list) and any(word in turn.content for word in SLOTS):
                raise AttributeError("'list' object has no attribute 'replace'")
            if not isinstance(turn.content, str) and turn.role != "system":
                raise RuntimeError(f"Expected a string, got {turn.content}")
            frame = render_turn(turn.role, turn.content, index // 2, slots)
        except Exception as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
        try:
            turns.append(_encode_turn(turn, *frame, encoder))
        except TypeError as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
    return turns


def _encode_turn(turn: Turn, before: str, pieces: list[Piece], after: str, encoder: Encoder) -> EncodedTurn:
    if len(pieces) == 1:
        text = str(pieces[0])
        return EncodedTurn(turn, [encoder.encode_framed(before, text, after)], [], [before + text + after])
    slots = [piece for piece in pieces if isinstance(piece, MediaSlot)]
    first, *middle, last = [piece for piece in pieces if isinstance(piece, str)]
    texts = [
        encoder.encode_framed(before, first, ""),
        *(encoder.encode(text) if text else [] for text in middle),
        encoder.encode_framed("", last, after),
    ]
    return EncodedTurn(turn, texts, slots, [before + first, *middle, last + after])


_systems: dict[tuple[int, str], list[int]] = {}
_MOST_SYSTEMS, _LONGEST_SYSTEM = 64, 1 << 14


def _encode_system(encoder: Encoder, text: str) -> list[int]:
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
    """All ids of a turn, its slots filled with pads."""
    ids = list(turn.texts[0])
    for slot, text in zip(turn.slots, turn.texts[1:], strict=True):
        pads = [processor.token_id(PAD_TOKENS[slot.kind])] * media_tokens[slot.kind][slot.index]
        ids += [processor.token_id(VISION_START), *pads, processor.token_id(VISION_END), *text]
    return ids


def _system_kind(error: Exception, sample: Sample) -> str:
    return "tools-json" if sample.tools else "content-type"


def _turn_kind(error: Exception, turn: Turn) -> str:
    if turn.role == "function" and isinstance(turn.content, str):
        return "function-json"
    return "role-unknown" if isinstance(error, NotImplementedError) else "content-type"
