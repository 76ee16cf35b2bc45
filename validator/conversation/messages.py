"""Rows as lists of messages, as trainers on transformers' chat templates take them: roles may stand in any order.

The registry says which column holds the messages and what roles are called, `tool` stands for observations, and each
<image> in a question or an answer becomes an image part where it stands. Source: TRL 1.16 `data_utils.py`,
`prepare_multimodal_messages`.
"""

from __future__ import annotations

import re
from typing import Any

from validator.catalog.entry import Entry
from validator.conversation import alpaca
from validator.conversation.columns import show, take, take_media
from validator.conversation.parts import as_templated
from validator.conversation.sample import Sample, Turn
from validator.conversation.sharegpt import role_names, take_messages
from validator.files import MediaFiles
from validator.trainer import Trainer

_PLACEHOLDER = re.compile("(<image>|<video>)")
_NAMES = {"user": "user", "assistant": "assistant", "system": "system", "tool": "observation"}
"""Roles that need no tag."""


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: Trainer) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    if entry.formatting == "alpaca":
        sample = alpaca.convert(row, entry, files, trainer)
        sample.dropped = False  # a question without an answer is a conversation too
        answer = row.get(entry.columns["response"] or "")
        if not isinstance(answer, str | None):
            sample.turns.append(Turn(len(sample.turns), "assistant", answer))
        sample.system = sample.system or None
    else:
        sample = Sample()
        messages = take_messages(sample, row, entry)
        if messages is not None:
            if sample.system_turn is None:
                sample.system = take(sample, row, entry, "system") or None
            elif sample.system is None and trainer.reading == "messages":
                sample.system = ""  # written as nothing, but written
            _take_turns(sample, messages, entry, trainer)
        take_media(sample, row, entry, files, trainer)
    if trainer.reading == "conversations":
        _as_conversation(sample)
    else:
        _take_parts(sample)
        _refuse_values(sample)
    sample.unchecked = _unknown(sample) or _misleading(sample, trainer)
    return sample


def _as_conversation(sample: Sample) -> None:
    """Qwen's fine-tuning knows questions and takes everything else for an answer; it reads no system column."""
    if sample.system_turn is not None:
        sample.turns.insert(0, Turn(sample.system_turn, "assistant", sample.system))
    sample.system = sample.system_turn = None
    if not sample.turns:
        sample.fail("no-turns", IndexError("list index out of range"))
    for turn in sample.turns:
        if turn.role != "user":
            turn.role = "assistant"
        elif isinstance(turn.content, str):
            turn.content = "".join(part.strip() for part in _PLACEHOLDER.split(turn.content))
        else:
            error = TypeError(f"expected string or bytes-like object, got '{_type_name(turn.content)}'")
            sample.fail("content-type", error, turn.index)
    if not sample.crashed:
        _write_values(sample)


def _write_values(sample: Sample) -> None:
    """The chat template writes an answer that is no text as Python shows it: null as None, parts as a list of them."""
    for turn in sample.turns:
        written = turn.content if isinstance(turn.content, str) else str(turn.content)
        if isinstance(turn.content, list | dict):
            sample.note("content-shown", turn.index, written[:100])
        turn.content = written


def _take_parts(sample: Sample) -> None:
    """TRL passes lists of parts on to the chat template, which writes their texts, and media where they stand."""
    if isinstance(sample.system, list):
        sample.system = as_templated(sample.system, shows=False) or sample.system
    for turn in sample.turns:
        if isinstance(turn.content, list):
            text = as_templated(turn.content, shows=turn.role in ("user", "assistant"))
            turn.content = turn.content if text is None else text


def _refuse_values(sample: Sample) -> None:
    """TRL takes a content that is no text for a list of parts."""
    for turn in sample.turns:
        if not isinstance(turn.content, str | list | dict | None):
            error = TypeError(f"'{_type_name(turn.content)}' object is not iterable")
            sample.fail("content-type", error, turn.index)


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _take_turns(sample: Sample, messages: Any, entry: Entry, trainer: Trainer) -> None:
    roles = role_names(entry)
    shift = 0 if sample.system_turn is None else 1
    index = shift
    try:
        for index, message in enumerate(messages, shift):
            tag, content = message[entry.tags["role_tag"]], message[entry.tags["content_tag"]]
            role = roles.get(tag) or (_NAMES.get(tag) if isinstance(tag, str) else None)
            if role is None and trainer.reading == "conversations":
                role = "assistant"
            if role is None:
                wanted = "Expected 'system', 'user', 'assistant', or 'tool'."
                sample.fail("role-unknown", ValueError(f"Invalid role in message: {show(tag)}. {wanted}"), index)
                return
            sample.turns.append(Turn(index, role, content))
    except (KeyError, TypeError, IndexError) as error:
        sample.fail("column-missing" if isinstance(error, KeyError) else "message-type", error, index)


def _misleading(sample: Sample, trainer: Trainer) -> str | None:
    """Qwen's fine-tuning looks for answers among the tokens, and finds them in text that looks like a turn."""
    if trainer.reading == "conversations" and not sample.crashed:
        for turn in sample.turns:
            if "<|im_start|>" in turn.content or "<|im_end|>" in turn.content:
                return f"turn {turn.index} holds control tokens, after which answers are found that are none"
    return None


def _unknown(sample: Sample) -> str | None:
    if not isinstance(sample.system, str | None) and not sample.crashed:
        return "the system prompt is not text: such contents in parts are not read"
    for turn in sample.turns:
        if not isinstance(turn.content, str | None) and not sample.crashed:
            return f"turn {turn.index} is not text: such contents in parts are not read"
    if sample.media.get("video") or sample.media.get("audio"):
        return "videos and audio are not reproduced under this trainer profile"
    for reference in sample.media.get("image", ()):
        if reference.form in ("url", "data-uri"):
            return f"image {reference.index} is a {reference.form}, which is not opened here"
    return None
