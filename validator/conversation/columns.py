"""What all converters do alike: take columns, and find media."""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.media_paths import find_media
from validator.conversation.sample import MEDIA_COLUMNS, Sample
from validator.files import MediaFiles
from validator.trainer import Trainer


def take(sample: Sample, row: dict[str, Any], entry: Entry, column: str) -> Any:
    """The value of a column, "" where the entry names none; a column in no row of the file stops the trainer."""
    name = entry.columns[column]
    if not name:
        return ""
    try:
        return row[name]
    except KeyError as error:
        sample.fail("column-missing", error)
        return ""


def take_media(sample: Sample, row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: Trainer) -> None:
    """Find the images, videos and audios of a row, as far as the trainer reads them."""
    for column, kind in MEDIA_COLUMNS.items():
        if entry.columns[column] and (trainer.audio or kind != "audio"):
            value = take(sample, row, entry, column)
            missing = value == "" and entry.columns[column] not in row
            find_media(sample, kind, [] if missing else value, files, trainer)


def show(value: Any) -> str:
    """A role as it stands in the row, bounded."""
    return "null" if value is None else repr(value)[:40]
