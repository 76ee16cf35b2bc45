"""The model's chat template as TRL has it rendered, and where it is encoded in two pieces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.tokens.template import HEADER, PAD_TOKENS, SYSTEM, VISION_END, VISION_START, MediaSlot, Piece, Template
from validator.trainers.chat_template import Qwen3ChatTemplate, chat_template, qwen3_chat_template

SHIELD = "\ufdd0"
"""Stands within an <image> that is a text's own, and no image part, until it is encoded. No text holds this: Unicode
has no such character.
"""
APART = "apart"
"""A word among the traits of an answer: its header is encoded with the turn before it, and the answer apart."""
LEAD = "lead"
"""Among what is kept of a sample for later: what stands behind such a header before the answer begins."""
UNEXPANDED: dict[MediaKind, str] = {
    kind: f"{VISION_START}{pad}{VISION_END}".replace("<", f"<{SHIELD}") for kind, pad in PAD_TOKENS.items()
}
"""What a template writes of a medium, where none is loaded and the pad stays one; no text of the row's own, until it is
encoded.
"""
BARE = "bare"
"""A word for a turn with such media."""
_WORDS = tuple(PLACEHOLDERS.values())


def shielded(text: str) -> str:
    """A text whose placeholders stay text."""
    if "<" in text:
        for word in _WORDS:
            text = text.replace(word, f"<{SHIELD}{word[1:]}")
    return text


class TrlTemplate(Template):
    """A template that knows shielded placeholders and answers that are encoded apart."""

    __slots__ = ()

    def turn(
        self, role: str, content: str, pair: int, slots: Sequence[MediaSlot], *, thoughtless: bool = False
    ) -> tuple[str, list[Piece], str]:
        """The turn as it is encoded."""
        before, pieces, after = super().turn(role, content, pair, slots, thoughtless=thoughtless)
        if SHIELD in content:
            pieces = [piece.replace(SHIELD, "") if isinstance(piece, str) else piece for piece in pieces]
        return before, pieces, after

    def around(self, sample: Sample, index: int) -> tuple[str, str] | None:
        """The header of an answer that is encoded apart stands at the end of the turn before it."""
        turns = sample.turns
        known = super().around(sample, index)
        apart = APART in turns[index].words
        leads = index + 1 < len(turns) and APART in turns[index + 1].words
        if not (apart or leads):
            return known
        before, after = known or self.frames[turns[index].role]
        return "" if apart else before, after + (HEADER + sample.objects.get(LEAD, "") if leads else "")

    def with_times(
        self, content: str, slots: Sequence[MediaSlot], times: Sequence[Sequence[str]]
    ) -> tuple[str, list[MediaSlot]]:
        """The pairs of a video's frames, each behind its time, within the vision markers of the video."""
        word = PLACEHOLDERS["video"]
        return super().with_times(content.replace(word, f"{VISION_START}{word}{VISION_END}"), slots, times)


class TrlQwen3Template(TrlTemplate, Qwen3ChatTemplate):
    """The same of Qwen3-VL's, which writes the tools of rows that are prepared as text."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system prompt of the row, and its tools."""
        if not sample.tools:
            return super().system(sample, default_system)
        before, after = SYSTEM
        return before + ("" if sample.system is None else sample.system + "\n\n") + str(sample.tools) + after


class TrlThinkingTemplate(TrlQwen3Template):
    """The same of Qwen3.5's, which tells tools before what the row says, and writes media in answers."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The tools of the row, and its system prompt."""
        if not sample.tools:
            return super().system(sample, default_system)
        return SYSTEM[0] + str(sample.tools) + (f"\n\n{sample.system}" if sample.system else "") + SYSTEM[1]

    def content(self, sample: Sample, index: int) -> Any:
        """All of a turn."""
        return sample.turns[index].content

    def around(self, sample: Sample, index: int) -> tuple[str, str] | None:
        """A reply of a tool that is the first message of a row begins no question."""
        known = super().around(sample, index)
        if known is None or index or sample.system is not None or sample.turns[index].role != "observation":
            return known
        return "\n", known[1]


Kinds = tuple[MediaKind, ...]


@cache
def trl_template(parted: tuple[str, ...], kinds: Kinds = ("image",)) -> TrlTemplate:
    """The template; placeholders of some kinds of media become such in the content of the roles `parted`."""
    plain = chat_template(parted, kinds)
    return TrlTemplate(**{name: getattr(plain, name) for name in Template.__dataclass_fields__})


@cache
def trl_qwen3_template(parted: tuple[str, ...], kinds: Kinds) -> TrlQwen3Template:
    """The same of Qwen3-VL's."""
    plain = qwen3_chat_template(parted, kinds)
    return TrlQwen3Template(**{name: getattr(plain, name) for name in Template.__dataclass_fields__})


@cache
def trl_thinking_template(parted: tuple[str, ...], kinds: Kinds) -> TrlThinkingTemplate:
    """The same of Qwen3.5's."""
    plain = qwen3_chat_template(parted, kinds)
    fields = {name: getattr(plain, name) for name in Template.__dataclass_fields__}
    return TrlThinkingTemplate(**fields | {"parted": frozenset(parted)})
