"""Chat templates: a message becomes pieces of text and media slots, ready to be encoded.

Sources: LLaMA-Factory `template.py` (qwen2_vl) of 0.9.5, 0.9.2 and 0.9.1, and `formatter.py`. The wording is Qwen's
published prompt format; every character of it is counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.tokens import tool_formats
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
    index: int


Piece = str | MediaSlot


@dataclass(frozen=True, slots=True)
class Template:
    """How a trainer writes turns. `frames` are what stands around the text of each role: nothing or a
    line, and a special token with what follows it; `response` stands within those of observations; `separator` stands
    before each question but the first; `calls` rewrites the JSON of a function call, `tools` makes the part of
    the system prompt that describes tools; both raise what the trainer raises. `expands_all`: it is LLaMA-Factory's,
    which rewrites calls and numbers; the others are those of transformers, which write messages as they are.
    `slot` matches the placeholders, in the content of the roles `parted`.
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
            pieces = list(self.slot.split(content)) if slots else [content]
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

    def slots_in(self, content: str, taken: dict[MediaKind, int]) -> list[MediaSlot]:
        """What the placeholders of a text stand for, in order. `taken`: placeholders of each kind in the turns before,
        which is counted on.
        """
        slots = []
        for placeholder in self.slot.findall(content) if "<" in content else ():
            kind = _KINDS[placeholder]
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
}
"""By the name that a trainer profile gives, with that of a model that has another."""


def template_of(trainer: Trainer, processor: Processor) -> Template:
    """The template that a trainer has for a model. Raises ValueError where that is not reproduced."""
    name = trainer.template if processor.model == "qwen2-vl" else f"{trainer.template} {processor.model}"
    if name not in TEMPLATES:
        raise ValueError(f"--processor {processor.name}: {trainer.name} with {processor.model} is not reproduced")
    return TEMPLATES[name]


def _number(pieces: list[Piece], pair: int) -> list[Piece]:
    """The trainer's user template replaces the first literal {{idx}} by the number of the pair."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and "{{idx}}" in piece:
            pieces[index] = piece.replace("{{idx}}", str(pair), 1)
            break
    return pieces
