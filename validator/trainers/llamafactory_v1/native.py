"""Rows in LLaMA-Factory v1's own layout, which no converter changes: messages whose contents are lists of blocks.

Source: llamafactory-kt 0.9.6.dev0 `v1/core/rendering/format.py`, `v1/core/data_engine.py`, `v1/utils/types.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from validator.conversation.sample import MediaKind, Sample, Turn, UnreadError
from validator.tokens.vocabulary import SPECIAL_TOKENS
from validator.trainers.llamafactory_v1.escape import broken_up
from validator.trainers.llamafactory_v1.taken import Taken, check_calls, checked, take_tools
from validator.trainers.transformers.parts import ShownMedium, Stop, Told
from validator.trainers.transformers.template import shielded

NAMES = frozenset(("messages", "tools"))
"""Columns that are read."""
_ROLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "observation"}
_SHOWN = {"image_url": ShownMedium.IMAGE, "video_url": ShownMedium.VIDEO}
_KINDS = ("text", "reasoning", "tool_call", "audio_url", *_SHOWN)
_NONE: Any = object()
_LEAST = 1e-6
"""An answer of no more weight is not learned."""
_NEITHER = "No valid messages or chosen_messages/rejected_messages found in sample."


def take_messages(sample: Sample, taken: Taken, row: Mapping[str, Any]) -> None:
    """The messages of a row. Raises Stop and UnreadError."""
    if "messages" not in row:
        if {"chosen_messages", "rejected_messages"} <= row.keys():
            raise UnreadError("pairs of a preferred and a rejected answer are not reproduced")
        raise Stop("column-missing", ValueError(_NEITHER))
    messages = row["messages"]
    if messages is None:
        raise Stop("messages-null", TypeError("'NoneType' object is not iterable"))
    if not isinstance(messages, list):
        raise UnreadError("messages that are something else than a list are not reproduced")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise Stop("message-type", TypeError(f"{type(message).__name__!r} object is not subscriptable"), index)
        if "role" not in message:
            raise Stop("column-missing", KeyError("role"), index)
        if not isinstance(message["role"], str) or message["role"] not in _ROLES:
            raise UnreadError(f"message {index} has a role that is not reproduced")
        weight = message.get("loss_weight", 1.0)
        if message["role"] == "assistant" and not isinstance(weight, int | float):
            said = f"'>' not supported between instances of {type(weight).__name__!r} and 'float'"
            raise Stop("message-type", TypeError(said), index)
        learned = message["role"] != "assistant" or weight > _LEAST
        try:
            _take(sample, taken, index, message, learned=learned)
        except (Stop, UnreadError) as fault:
            taken.faults[len(taken.turns)] = fault
            taken.add(Turn(index, _ROLES[message["role"]], "", learned=learned))
    take_tools(sample, row.get("tools"), converted=False)


def _take(sample: Sample, taken: Taken, index: int, message: Mapping[str, Any], *, learned: bool) -> None:
    """Take one message, as it is written. Raises Stop and UnreadError."""
    if "content" not in message:
        raise Stop("column-missing", KeyError("content"), index)
    role, content = _ROLES[message["role"]], message["content"]
    if not isinstance(content, list):
        said = "string indices must be integers, not 'str'" if isinstance(content, str) else "it is not iterable"
        raise Stop("content-type", TypeError(said), index)
    told = Told(index, role, content)
    shown: dict[MediaKind, list[Any]] = {}
    calls: list[Any] = []
    for block in content:
        if not isinstance(block, dict):
            raise Stop("content-type", TypeError("string indices must be integers, not 'str'"), index)
        _take_block(sample, told, shown, calls, block)
    check_calls(calls, index)
    if calls:
        sample.note("calls-not-written", index, "")
    _check_joints(told)
    if told.literal:
        sample.note("placeholder-is-text", index, told.literal)
    role = "function" if calls and not told.text else role
    taken.add(Turn(index, role, told.written(shielded), learned=learned), shown)


def _take_block(
    sample: Sample, told: Told, shown: dict[MediaKind, list[Any]], calls: list[Any], block: Mapping[str, Any]
) -> None:
    """Take one block of a content; those of other types are not written."""
    if "type" not in block:
        raise Stop("column-missing", KeyError("type"), told.index)
    kind, value = block["type"], block.get("value", _NONE)
    if kind in _KINDS and value is _NONE:
        raise Stop("column-missing", KeyError("value"), told.index)
    if kind in ("text", "reasoning"):
        if not isinstance(value, str):
            said = f"argument of type {type(value).__name__!r} is not iterable"
            raise Stop("content-type", TypeError(said), told.index)
        if kind == "text":
            told.pieces.append(broken_up(checked(value), told.index, sample))
    elif kind == "tool_call":
        try:
            calls.append(json.loads(value))
        except RecursionError:
            raise UnreadError("a function call that is nested too deep is not reproduced") from None
        except (ValueError, TypeError):
            said = f"tool_call value is not valid JSON: {value!r}"
            raise Stop("function-json", ValueError(said[:300]), told.index) from None
    elif kind in _SHOWN:
        medium = _SHOWN[kind]
        shown.setdefault(medium.value, []).append(value)
        told.pieces.append(medium)
    elif kind == "audio_url":
        raise UnreadError("audio in this layout is not reproduced")


def _check_joints(told: Told) -> None:
    """Tokens of a block's text are broken up, those that two blocks make together are not. Raises UnreadError."""
    if any(word in told.text for word in SPECIAL_TOKENS):
        raise UnreadError(f"two blocks of message {told.index} make a token together, which is not reproduced")
