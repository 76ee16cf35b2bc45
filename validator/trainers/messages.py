"""Rows as lists of messages, as trainers on transformers' chat templates take them: roles may stand in any order.

The registry says which column holds the messages and what roles are called, `tool` stands for observations.
"""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation import alpaca
from validator.conversation.columns import role_names, show, take, take_media, take_messages
from validator.conversation.media_paths import MediaColumns
from validator.conversation.sample import Sample, Turn
from validator.storage.media_files import MediaFiles

_MEDIA = MediaColumns(null="nothing", joins_each_path=False, frame_lists=False, audio=True)
_NAMES = {"user": "user", "assistant": "assistant", "system": "system", "tool": "observation"}
"""Roles that need no tag."""


def take_row(
    row: dict[str, Any], entry: Entry, files: MediaFiles, *, other_role: str | None, null_system: str | None
) -> Sample:
    """The messages and media of a row; `other_role`: what a role without a name is taken for, None where it stops the
    trainer; `null_system`: what a system message without content is taken for.
    """
    if entry.formatting == "alpaca":
        sample = alpaca.convert(row, entry, files, _MEDIA)
        sample.dropped = False  # a question without an answer is a conversation too
        answer = row.get(entry.columns["response"] or "")
        if not isinstance(answer, str | None):
            sample.turns.append(Turn(len(sample.turns), "assistant", answer))
        sample.system = sample.system or None
        return sample
    sample = Sample()
    messages = take_messages(sample, row, entry)
    if messages is not None:
        if sample.system_turn is None:
            sample.system = take(sample, row, entry, "system") or None
        elif sample.system is None:
            sample.system = null_system
        _take_turns(sample, messages, entry, other_role)
    take_media(sample, row, entry, files, _MEDIA)
    return sample


def _take_turns(sample: Sample, messages: Any, entry: Entry, other_role: str | None) -> None:
    roles = role_names(entry)
    shift = 0 if sample.system_turn is None else 1
    index = shift
    try:
        for index, message in enumerate(messages, shift):
            tag, content = message[entry.tags["role_tag"]], message[entry.tags["content_tag"]]
            role = roles.get(tag) or (_NAMES.get(tag) if isinstance(tag, str) else None) or other_role
            if role is None:
                wanted = "Expected 'system', 'user', 'assistant', or 'tool'."
                sample.fail("role-unknown", ValueError(f"Invalid role in message: {show(tag)}. {wanted}"), index)
                return
            sample.turns.append(Turn(index, role, content))
    except (KeyError, TypeError, IndexError) as error:
        sample.fail("column-missing" if isinstance(error, KeyError) else "message-type", error, index)


def type_name(value: Any) -> str:
    """The type of a value as Python's messages write it."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def unread(sample: Sample, *, videos: bool = False) -> str | None:
    """What of a sample is not reproduced. `videos`: those are, but for lists of frames."""
    if not isinstance(sample.system, str | None) and not sample.crashed:
        return "the system prompt is not text: such contents in parts are not read"
    for turn in sample.turns:
        if not isinstance(turn.content, str | None) and not sample.crashed:
            return f"turn {turn.index} is not text: such contents in parts are not read"
    if (sample.media.get("video") and not videos) or sample.media.get("audio"):
        return "videos and audio are not reproduced under this trainer profile"
    for reference in [*sample.media.get("image", ()), *sample.media.get("video", ())]:
        if reference.form in ("url", "data-uri"):
            return f"{reference.kind} {reference.index} is a {reference.form}, which is not opened here"
        if reference.kind == "video" and reference.target is None:
            return (
                f"video {reference.index} is not a path: lists of frames are not reproduced under this trainer profile"
            )
    return None
