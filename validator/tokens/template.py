"""Chat templates: a message becomes pieces of text and media slots, ready to be encoded.

Sources: LLaMA-Factory `template.py` (qwen2_vl) of 0.9.5, 0.9.2 and 0.9.1, and `formatter.py`. The wording is Qwen's
published prompt format; every character of it is counted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample, Turn
from validator.records.arrow import Int32
from validator.tokens import tool_formats
from validator.tokens.known_templates import NONE, OF_TOKENIZER, REPRODUCED, known_templates
from validator.tokens.processor import Processor
from validator.trainer import Trainer

DEFAULT_SYSTEM = "You are a helpful assistant."
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
PAD_TOKENS: dict[MediaKind, str] = {"image": "<|image_pad|>", "video": "<|video_pad|>"}
_SLOT = re.compile("(<image>|<video>)")
_KINDS: dict[str, MediaKind] = {PLACEHOLDERS[kind]: kind for kind in PAD_TOKENS}
SLOTS = tuple(_KINDS)
"""The placeholders that are expanded."""


@dataclass(frozen=True, slots=True)
class MediaSlot:
    """Where a placeholder stood in a message, and which medium of its kind (0-based) is put there."""

    kind: MediaKind
    index: Int32


Piece = str | MediaSlot


@dataclass(frozen=True, slots=True)
class Template:
    """How a trainer writes turns. `frames` are what stands around the text of each role: nothing or a
    line, and a special token with what follows it; `response` stands within those of observations; `separator` stands
    before each question but the first; `calls` rewrites the JSON of a function call, `tools` makes the part of
    the system prompt that describes tools; both raise what the trainer raises. `expands_all`: it is LLaMA-Factory's,
    which rewrites calls and numbers; the others are those of transformers, which write messages as they are.
    `slot` matches the placeholders, in the content of the roles `parted`. `repairs`: placeholders without a medium stay
    text, and those in the system prompt count.
    """

    frames: Mapping[str, tuple[str, str]]
    calls: Callable[[str], str]
    tools: Callable[[Any], str]
    response: tuple[str, str] = ("", "")
    separator: str = ""
    expands_all: bool = True
    default_system: str = DEFAULT_SYSTEM
    slot: re.Pattern[str] = _SLOT
    parted: frozenset[str] = frozenset(("user", "observation", "assistant", "function", "system"))
    repairs: bool = False

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn, present in nearly every sample. Raises what the trainer raises on broken tools or a
        non-string.
        """
        before, after = _SYSTEM
        if not self.expands_all:
            if sample.system is None and (not sample.turns or sample.turns[0].role == "system"):
                return ""
            return before + (DEFAULT_SYSTEM if sample.system is None else sample.system) + after
        text = sample.system or (self.default_system if default_system is None else default_system)
        prompt = self.tools(sample.tools) if sample.tools else ""
        if not text and not sample.tools:
            return ""
        return before + (text + prompt) + after

    def turn(self, role: str, content: str, pair: int, slots: Sequence[MediaSlot]) -> tuple[str, list[Piece], str]:
        """One message: what stands before it, its text pieces and media slots, alternating, text first and last, and
        what stands after it.

        `pair` is the number of the question and answer that it belongs to; `slots` are what its placeholders stand for,
        in order. Raises what the trainer raises on a broken function call.
        """
        if role not in self.frames:  # a null role becomes "system" where `tags` is incomplete
            raise NotImplementedError(f"Unexpected role: {role}")
        if role == "function" and self.expands_all:
            pieces = self._function_pieces(content, slots)
        else:
            pieces = list(self.slot.split(content, len(slots))) if slots else [content]
            pieces[1::2] = slots
        if role == "observation":
            pieces[0] = self.response[0] + str(pieces[0])
            pieces[-1] = str(pieces[-1]) + self.response[1]
        elif role == "user" and self.expands_all:
            pieces = _number(pieces, pair)
        before, after = self.frames[role]
        if self.separator and pair and role in ("user", "observation"):
            before = self.separator + before
        return before, pieces, after

    def around(self, turns: Sequence[Turn], index: int) -> tuple[str, str] | None:
        """What stands around a turn where that depends on its neighbours; None where `frames` say it."""
        return None

    def slots_in(self, content: str, taken: dict[MediaKind, int], sample: Sample) -> list[MediaSlot]:
        """What the placeholders of a text stand for, in order. `taken`: placeholders of each kind in the turns before,
        which is counted on.
        """
        slots: list[MediaSlot] = []
        for placeholder in self.slot.findall(content) if "<" in content else ():
            kind = _KINDS[placeholder]
            if self.repairs and taken[kind] >= len(sample.media.get(kind, ())):
                break
            slots.append(MediaSlot(kind, taken[kind]))
            taken[kind] += 1
        return slots

    def _function_pieces(self, content: str, slots: Sequence[MediaSlot]) -> list[Piece]:
        """A function call is parsed after its placeholders are expanded: a slot may move or vanish with its value."""
        if not slots:
            return [self.calls(content)]
        mark = next(mark for mark in map(chr, range(0xE000, 0xF8FF)) if mark not in content)
        numbers = iter(range(len(slots)))
        try:
            text = self.calls(self.slot.sub(lambda _: f"{mark}{next(numbers)}{mark}", content))
        except RuntimeError:
            raise RuntimeError(f"Invalid JSON format in function message: {[content]!s}.") from None
        pieces: list[Piece] = list(text.split(mark))
        pieces[1::2] = [slots[int(str(number))] for number in pieces[1::2]]
        return pieces


class SwiftTemplate(Template):
    """ms-swift's qwen2_vl. Source: ms-swift 4.6.0 `template/templates/qwen.py`, `template/base.py`."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn; an empty prompt without tools is not written."""
        default = self.default_system if default_system is None else default_system
        text = default if sample.system is None else sample.system
        text += self.tools(sample.tools) if sample.tools else ""
        return _SYSTEM[0] + text + _SYSTEM[1] if text else ""

    def around(self, turns: Sequence[Turn], index: int) -> tuple[str, str]:
        """The beginning of an answer is encoded together with what is not learned: with the question before it, or with
        an answer that is not learned.
        """
        turn = turns[index]
        if turn.role in ("user", "observation"):
            apart = index + 1 < len(turns) and not turns[index + 1].learned
            return _USER[0], _ANSWER[1] if apart else _USER[1]
        first = not index or turns[index - 1].role in ("user", "observation")
        return _HEADER if first and not turn.learned else "", _ANSWER[1] if turn.ends else ""


_HEADER = "<|im_start|>assistant\n"
_SYSTEM = ("<|im_start|>system\n", "<|im_end|>\n")
_USER = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
_ANSWER = ("", "<|im_end|>\n")
_QWEN = {"user": _USER, "observation": _USER, "assistant": _ANSWER, "function": _ANSWER}
_RESPONSE = ("<tool_response>\n", "\n</tool_response>")


def _messages(parted: tuple[str, ...]) -> Template:
    """Qwen2-VL's own chat template, as transformers renders it."""
    roles = {"user": "user", "observation": "tool", "assistant": "assistant", "function": "assistant"}
    frames = {role: (f"<|im_start|>{name}\n", "<|im_end|>\n") for role, name in roles.items()}
    return Template(
        {**frames, "system": _SYSTEM},
        tool_formats.qwen_calls,
        tool_formats.qwen_tools,
        expands_all=False,
        slot=re.compile("(<image>)"),
        parted=frozenset(parted),
    )


TEMPLATES: Mapping[str, Template] = {
    "llamafactory": Template(_QWEN, tool_formats.qwen_calls, tool_formats.qwen_tools, _RESPONSE),
    "llamafactory qwen3-vl": Template(
        _QWEN, tool_formats.qwen_calls, tool_formats.qwen_tools, _RESPONSE, default_system=""
    ),
    "llamafactory@0.9.3": Template(_QWEN, tool_formats.middle_qwen_calls, tool_formats.qwen_tools, _RESPONSE),
    "llamafactory@0.9.2": Template(_QWEN, tool_formats.early_qwen_calls, tool_formats.early_qwen_tools, _RESPONSE),
    "llamafactory@0.9.1": Template(
        {
            "user": _USER,
            "observation": ("<|im_start|>tool\n", _USER[1]),
            "assistant": ("", "<|im_end|>"),
            "function": ("", ""),  # each call ends with its own <|im_end|>
        },
        tool_formats.default_calls,
        tool_formats.default_tools,
        separator="\n",
    ),
    "messages": _messages(("user", "assistant", "function")),
    "conversations": _messages(("user",)),
    "ms-swift": SwiftTemplate(
        _QWEN,
        tool_formats.qwen_calls,
        tool_formats.swift_tools,
        expands_all=False,
        slot=re.compile("(<image>)"),
        repairs=True,
    ),
}
"""By the name that a trainer profile gives, with that of a model that has another."""


def template_of(trainer: Trainer, processor: Processor, named: str | None = None) -> Template:
    """The template that a trainer has for a model, or that of LLaMA-Factory which is named. Raises ValueError where
    that is not reproduced; of a named one, `not_reproduced` says so.
    """
    if named is not None and named not in (*known_templates(), OF_TOKENIZER, NONE):
        close = difflib.get_close_matches(named, known_templates(), n=1)
        raise ValueError(f"There is no template {named}." + (f" Did you mean {close[0]}?" if close else ""))
    later = processor.model == "qwen3-vl"
    if named in REPRODUCED and trainer.reading == "pairs":
        later = named != "qwen2_vl"
    name = f"{trainer.template} qwen3-vl" if later else trainer.template
    if name not in TEMPLATES:
        raise ValueError(f"--processor {processor.name}: {trainer.name} with {processor.model} is not reproduced")
    return TEMPLATES[name]


def _number(pieces: list[Piece], pair: int) -> list[Piece]:
    """The trainer's user template replaces the first literal {{idx}} by the number of the pair."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and "{" in piece and "{{idx}}" in piece:
            pieces[index] = piece.replace("{{idx}}", str(pair), 1)
            break
    return pieces
