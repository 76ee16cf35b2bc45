"""Rows as Qwen's own fine-tuning takes them: it knows questions, and everything else is an answer.

Source: `qwen-vl-finetune` `data_processor.py`.
"""

from __future__ import annotations

import re
from typing import Any

from validator.catalog.entry import TAG_DEFAULTS, Entry
from validator.conversation.sample import Sample, Turn
from validator.storage.media_files import MediaFiles
from validator.trainers.messages import take_row, type_name, unread

COLUMNS = ("conversations", "image", "video")
"""What it reads of a row. Source: `_build_messages`."""
_PLACEHOLDER = re.compile("(<image>|<video>)")


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = take_row(row, entry, files, other_role="assistant", null_system=None)
    _as_conversation(sample)
    sample.unchecked = unread(sample, videos=True) or _misleading(sample)
    return sample


def is_own_layout(entry: Entry) -> bool:
    """Whether the rows are laid out as it takes them, but for the names of media."""
    keys = ("role_tag", "content_tag")
    return entry.columns["messages"] == "conversations" and all(entry.tags[key] == TAG_DEFAULTS[key] for key in keys)


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
            error = TypeError(f"expected string or bytes-like object, got '{type_name(turn.content)}'")
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


def _misleading(sample: Sample) -> str | None:
    """Qwen's fine-tuning looks for answers among the tokens, and finds them in text that looks like a turn."""
    if not sample.crashed:
        for turn in sample.turns:
            if "<|im_start|>" in turn.content or "<|im_end|>" in turn.content:
                return f"turn {turn.index} holds control tokens, after which answers are found that are none"
    return None
