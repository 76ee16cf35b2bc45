"""Rows as TRL's SFTTrainer takes them: each <image> and <video> in a question or an answer becomes a part where it
stands.

Source: TRL 1.16 `data_utils.py`, `prepare_multimodal_messages`.
"""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.parts import as_templated
from validator.conversation.sample import PLACEHOLDERS, Sample
from validator.storage.media_files import MediaFiles
from validator.trainers.messages import take_row, type_name, unread
from validator.trainers.transformers.template import SHIELD

COLUMNS = ("image", "images")
"""Columns of media that it knows by name."""


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = take_row(row, entry, files, other_role=None, null_system="")  # it is written, as nothing
    _take_parts(sample)
    if any(isinstance(turn.content, str) and SHIELD in turn.content for turn in sample.turns):
        sample.unchecked = "the text holds U+FDD0, which no text should"
        return sample
    _refuse_values(sample)
    if not entry.columns["videos"]:
        _keep_as_text(sample)
    sample.unchecked = unread(sample, videos=True)
    return sample


def _take_parts(sample: Sample) -> None:
    """TRL passes lists of parts on to the chat template, which writes their texts, and media where they stand."""
    if isinstance(sample.system, list):
        sample.system = as_templated(sample.system, shows=False) or sample.system
    for turn in sample.turns:
        if isinstance(turn.content, list):
            text = as_templated(turn.content, shows=turn.role in ("user", "assistant"))
            turn.content = turn.content if text is None else text


def _keep_as_text(sample: Sample) -> None:
    """Where no column holds videos, <video> is no part."""
    word = PLACEHOLDERS["video"]
    for turn in sample.turns:
        if isinstance(turn.content, str) and word in turn.content:
            turn.content = turn.content.replace(word, f"<{SHIELD}{word[1:]}")
            sample.note("placeholder-is-text", turn.index, word)


def _refuse_values(sample: Sample) -> None:
    """TRL takes a content that is no text for a list of parts."""
    for turn in sample.turns:
        if not isinstance(turn.content, str | list | dict | None):
            error = TypeError(f"'{type_name(turn.content)}' object is not iterable")
            sample.fail("content-type", error, turn.index)
