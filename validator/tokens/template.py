"""The qwen2_vl chat template: a message becomes pieces of text and media slots, ready to be encoded.

Source: LLaMA-Factory 0.9.5 `template.py` (qwen2_vl), `formatter.py` and `tool_utils.py` (tool format qwen). The
wording is Qwen's published prompt format; every character of it is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind

DEFAULT_SYSTEM = "You are a helpful assistant."
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
PAD_TOKENS: dict[MediaKind, str] = {"image": "<|image_pad|>", "video": "<|video_pad|>"}
_SLOT = re.compile("(<image>|<video>)")
_KINDS: dict[str, MediaKind] = {PLACEHOLDERS[kind]: kind for kind in PAD_TOKENS}
SLOTS = tuple(_KINDS)
"""The placeholders that are expanded."""

_FRAMES = {
    "user": ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "observation": ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "assistant": ("", "<|im_end|>\n"),
    "function": ("", "<|im_end|>\n"),
    "system": ("<|im_start|>system\n", "<|im_end|>\n"),
}
"""What stands around each role's text: nothing or a line, and a special token with what follows it."""
_RESPONSE = ("<tool_response>\n", "\n</tool_response>")
_TOOL_PROMPT = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>{tools}"
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{{"name": <function-name>, '
    '"arguments": <args-json-object>}}\n</tool_call>'
)
_THOUGHT = re.compile(r"<think>\n(.*?)\n</think>\n\n", re.DOTALL)
_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MediaSlot:
    """Where a placeholder stood in a message, and which medium of its kind (0-based) is put there."""

    kind: MediaKind
    index: int


Piece = str | MediaSlot


def render_system(system: Any, tools: Any, default_system: str | None) -> str:
    """The system turn, present in every sample. Raises what the trainer raises on broken tools or a non-string."""
    text = system or (DEFAULT_SYSTEM if default_system is None else default_system)
    prompt = _tool_prompt(tools) if tools else ""
    if not text and not tools:
        return ""
    before, after = _FRAMES["system"]
    return before + (text + prompt) + after


def render_turn(role: str, content: str, pair: int, slots: Sequence[MediaSlot]) -> tuple[str, list[Piece], str]:
    """One message: what stands before it, its text pieces and media slots, alternating, text first and last, and what
    stands after it.

    `pair` is the number of the question and answer that it belongs to; `slots` are what its placeholders stand for, in
    order. Raises what the trainer raises on a broken function call.
    """
    if role not in _FRAMES or role == "system":  # a null role becomes "system" where `tags` is incomplete
        raise NotImplementedError(f"Unexpected role: {role}")
    if role == "function":
        pieces = _function_pieces(content, slots)
    else:
        pieces = list(_SLOT.split(content)) if slots else [content]
        pieces[1::2] = slots
    if role == "observation":
        pieces[0] = _RESPONSE[0] + str(pieces[0])
        pieces[-1] = str(pieces[-1]) + _RESPONSE[1]
    before, after = _FRAMES[role]
    return before, _number(pieces, pair) if role == "user" else pieces, after


def slots_in(content: str, taken: dict[MediaKind, int]) -> list[MediaSlot]:
    """What the placeholders of a text stand for, in order. `taken`: placeholders of each kind in the turns before,
    which is counted on.
    """
    slots: list[MediaSlot] = []
    if "<" not in content:
        return slots
    for placeholder in _SLOT.findall(content):
        kind = _KINDS[placeholder]
        slots.append(MediaSlot(kind, taken[kind]))
        taken[kind] += 1
    return slots


def _number(pieces: list[Piece], pair: int) -> list[Piece]:
    """The trainer's user template replaces the first literal {{idx}} by the number of the pair."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and "{{idx}}" in piece:
            pieces[index] = piece.replace("{{idx}}", str(pair), 1)
            break
    return pieces


def _function_pieces(content: str, slots: Sequence[MediaSlot]) -> list[Piece]:
    """A function call is parsed after its placeholders are expanded, so a slot may move or vanish with its value."""
    if not slots:
        return [_function_call(content)]
    mark = next(mark for mark in map(chr, range(0xE000, 0xF8FF)) if mark not in content)
    numbers = iter(range(len(slots)))
    try:
        text = _function_call(_SLOT.sub(lambda _: f"{mark}{next(numbers)}{mark}", content))
    except RuntimeError:
        raise RuntimeError(f"Invalid JSON format in function message: {[content]!s}.") from None
    pieces: list[Piece] = list(text.split(mark))
    pieces[1::2] = [slots[int(str(number))] for number in pieces[1::2]]
    return pieces


def _tool_prompt(tools: Any) -> str:
    try:
        parsed = json.loads(tools)
    except json.JSONDecodeError:
        raise RuntimeError(f"Invalid JSON format in tool description: {[tools]!s}.") from None
    if len(parsed) == 0:
        return ""
    text = ""
    for tool in parsed:
        wrapped = tool if tool.get("type") == "function" else {"type": "function", "function": tool}
        text += "\n" + json.dumps(wrapped, ensure_ascii=False)
    return _TOOL_PROMPT.format(tools=text)


def _function_call(content: str) -> str:
    """Rewrite the JSON of a function call, alone or inside thoughts or call tags, as Qwen's tool call text."""
    call = _CALL.search(content)
    if call is not None:
        return content.replace(call.group(0), "") + _calls(call.group(1), content)
    thought = _THOUGHT.search(content)
    if thought is not None:
        return thought.group(0) + _calls(content.replace(thought.group(0), ""), content)
    return _calls(content, content)


def _calls(text: str, content: str) -> str:
    try:
        calls = json.loads(text)
    except json.JSONDecodeError:
        raise RuntimeError(f"Invalid JSON format in function message: {[content]!s}.") from None
    if not isinstance(calls, list):
        calls = [calls]
    lines = [json.dumps({"name": call["name"], "arguments": call["arguments"]}, ensure_ascii=False) for call in calls]
    return "\n".join(f"<tool_call>\n{line}\n</tool_call>" for line in lines)
