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
    Thoughts,
)

PANIC = "tokenizer-panic"
"""Kind of the problem that the tokenizer ends the trainer's process."""


@dataclass(slots=True)
class EncodedTurn:
    """A rendered turn: ids of the texts between slots (n slots: n + 1 texts). `turn` is None for the system prompt.

    `pieces` are the texts themselves, without what the template writes `before` the first and `after` the last.
    `rewritten`: thoughts may have been taken out of them. `apart`: characters at the beginning and at the end that are
    encoded apart.
    """

    turn: Turn | None
    texts: list[Sequence[int]]
    slots: list[MediaSlot]
    pieces: list[str]
    before: str = ""
    after: str = ""
    rewritten: bool = False
    apart: tuple[int, int] = (0, 0)

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
    thoughtless = _thoughtless(sample.turns, template)
    try:
        system = template.system(sample, default_system)
    except Exception as error:
        raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    if system:
        slots = template.slots_in(system, taken, sample) if template.repairs else []
        if sample.times and any(slot.kind == "video" for slot in slots):
            system, slots = template.with_times(system, slots, sample.times)
        texts = template.parts(system, slots)[::2] if slots else [system]
        try:
            turns.append(EncodedTurn(None, [_encode_system(encoder, text) for text in texts], slots, texts))
        except (TypeError, PanicException) as error:
            raise TrainerError(_system_kind(error, sample), error, sample.system_turn) from None
    for index, turn in enumerate(sample.turns):
        slots = []
        content = template.content(sample, index)
        if isinstance(content, str) and turn.role in template.parted:
            slots = template.slots_in(content, taken, sample)
            if sample.times and any(slot.kind == "video" for slot in slots):
                content, slots = template.with_times(content, slots, sample.times)
        try:
            if isinstance(turn.content, list) and any(word in turn.content for word in SLOTS):
                raise AttributeError("'list' object has no attribute 'replace'")
            if content is None and not template.expands_all:
                content = ""
            if not isinstance(content, str) and turn.role != "system":
                raise RuntimeError(f"Expected a string, got {turn.content}")
            before, pieces, after = template.turn(
                turn.role, content, index // 2, slots, thoughtless=index in thoughtless
            )
            before, after = template.around(sample, index) or (before, after)
        except Exception as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
        try:
            turns.append(_encode_turn(turn, before, pieces, after, encoder))
            turns[-1].rewritten = index in thoughtless
        except (TypeError, PanicException) as error:
            raise TrainerError(_turn_kind(error, turn), error, turn.index) from None
    if template.thoughts is not None:
        _give_empty_thoughts(turns[len(turns) - len(sample.turns) :], template.thoughts, encoder)
    return turns


def _thoughtless(turns: Sequence[Turn], template: Template) -> Sequence[int]:
    """The answers that lose their thoughts, by place. Raises TrainerError where one is no text: the trainer comes to
    them once all placeholders are expanded, and before it writes anything.
    """
    thoughts = template.thoughts
    if thoughts is None:
        return ()
    places = [place for place in range(1, len(turns), 2) if thoughts.taken(place, len(turns))]
    if places:
        for turn in turns:
            if isinstance(turn.content, list) and any(word in turn.content for word in SLOTS):
                cause = AttributeError("'list' object has no attribute 'replace'")
                raise TrainerError("content-type", cause, turn.index)
    for place in places:
        content = turns[place].content
        if not isinstance(content, str):
            said = f"expected string or bytes-like object, got '{type(content).__name__}'"
            raise TrainerError("content-type", TypeError(said), turns[place].index)
    return places


def _give_empty_thoughts(encoded: Sequence[EncodedTurn], thoughts: Thoughts, encoder: Encoder) -> None:
    """Give answers without a thought an empty one: at their beginning where thinking is enabled, and so learned, else
    at the end of the question. It is encoded apart from both.
    """
    for place in range(1, len(encoded), 2):
        question, answer = encoded[place - 1 : place + 1]
        assert answer.turn is not None and isinstance(answer.turn.content, str)
        text = thoughts.without(answer.turn.content) if answer.rewritten else answer.turn.content
        if not thoughts.given(place, len(encoded)) or thoughts.are_in(text):
            continue
        ids = encoder.encode(thoughts.empty)
        if thoughts.enabled:
            answer.texts[0] = [*ids, *answer.texts[0]]
            answer.before = thoughts.empty + answer.before
            answer.apart = len(thoughts.empty), 0
        else:
            question.texts[-1] = [*question.texts[-1], *ids]
            question.after += thoughts.empty
            question.apart = 0, len(thoughts.empty)


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
