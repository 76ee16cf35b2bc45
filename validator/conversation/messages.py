"""Rows as lists of messages, as trainers on transformers' chat templates take them: roles may stand in any order.

The registry says which column holds the messages and what roles are called, `tool` stands for observations, and each
<image> in a question or an answer becomes an image part where it stands. Source: TRL 1.16 `data_utils.py`,
`prepare_multimodal_messages`.
"""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation import alpaca
from validator.conversation.columns import show, take, take_media
from validator.conversation.sample import Sample, Turn
from validator.conversation.sharegpt import role_names, take_messages
from validator.files import MediaFiles
from validator.trainer import Trainer


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: Trainer) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    if entry.formatting == "alpaca":
        sample = alpaca.convert(row, entry, files, trainer)
        sample.dropped = False  # a question without an answer is a conversation too
    else:
        sample = Sample()
        messages = take_messages(sample, row, entry)
        if messages is not None:
            if sample.system_turn is None:
                sample.system = take(sample, row, entry, "system") or None
            _take_turns(sample, messages, entry)
        take_media(sample, row, entry, files, trainer)
    sample.unchecked = _unknown(sample)
    return sample


def _take_turns(sample: Sample, messages: Any, entry: Entry) -> None:
    roles = role_names(entry)
    shift = 0 if sample.system_turn is None else 1
    index = shift
    try:
        for index, message in enumerate(messages, shift):
            tag, content = message[entry.tags["role_tag"]], message[entry.tags["content_tag"]]
            if tag not in roles:
                wanted = "Expected 'system', 'user', 'assistant', or 'tool'."
                sample.fail("role-unknown", ValueError(f"Invalid role in message: {show(tag)}. {wanted}"), index)
                return
            sample.turns.append(Turn(index, roles[tag], content))
    except (KeyError, TypeError, IndexError) as error:
        sample.fail("column-missing" if isinstance(error, KeyError) else "message-type", error, index)


def _unknown(sample: Sample) -> str | None:
    for turn in sample.turns:
        if not isinstance(turn.content, str | None):
            return f"turn {turn.index} is not text: contents in parts are not read"
    if sample.media.get("video") or sample.media.get("audio"):
        return "videos and audio are not reproduced under this trainer profile"
    for reference in sample.media.get("image", ()):
        if reference.form in ("url", "data-uri"):
            return f"image {reference.index} is a {reference.form}, which is not opened here"
    return None
