"""The converter of each formatting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from validator.catalog.entry import Entry
from validator.conversation import alpaca, messages, openai, sharegpt, swift
from validator.conversation.sample import Sample
from validator.files import MediaFiles
from validator.trainer import Trainer

_CONVERTERS: dict[str, Callable[[dict[str, Any], Entry, MediaFiles, Trainer], Sample]] = {
    "alpaca": alpaca.convert,
    "sharegpt": sharegpt.convert,
    "openai": openai.convert,
}


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: Trainer) -> Sample:
    """The sample that the trainer makes of a row of this entry."""
    if trainer.reading == "swift":
        return swift.convert(row, entry, files, trainer)
    if trainer.reading != "pairs":
        return messages.convert(row, entry, files, trainer)
    return _CONVERTERS[entry.formatting](row, entry, files, trainer)
