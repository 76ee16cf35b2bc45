"""What converters do alike: take columns and messages, and find media."""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.media_paths import MediaColumns, find_media
from validator.conversation.sample import MEDIA_COLUMNS, Sample
from validator.storage.media_files import MediaFiles

MAPPED = ("user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag")


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


def take_media(sample: Sample, row: dict[str, Any], entry: Entry, files: MediaFiles, read: MediaColumns) -> None:
    """Find the images, videos and audios of a row, as far as the trainer reads them."""
    for column, kind in MEDIA_COLUMNS.items():
        if entry.columns[column] and (read.audio or kind != "audio"):
            value = take(sample, row, entry, column)
            missing = value == "" and entry.columns[column] not in row
            find_media(sample, kind, [] if missing else value, files, read)


def take_messages(sample: Sample, row: dict[str, Any], entry: Entry) -> Any:
    """The messages without a leading system message, which becomes the system prompt; None where the trainer stops."""
    tags, name = entry.tags, entry.columns["messages"]
    try:
        messages = row[name]  # type: ignore[index]
        if not (tags["system_tag"] and len(messages) != 0 and messages[0][tags["role_tag"]] == tags["system_tag"]):
            iter(messages)  # else the TypeError of the trainer's loop
            return messages
        sample.system, sample.system_turn = messages[0][tags["content_tag"]], 0
        return messages[1:]
    except KeyError as error:
        sample.fail("column-missing", error)
    except (TypeError, IndexError, AttributeError) as error:
        sample.fail("messages-null" if row.get(name or "") is None else "message-type", error)
    return None


def role_names(entry: Entry) -> dict[str | None, str]:
    """The trainer's role for each tag; where a tag is given twice the last one counts."""
    return {entry.tags[name]: name.removesuffix("_tag") for name in MAPPED}


def show(value: Any) -> str:
    """A role as it stands in the row, bounded."""
    return "null" if value is None else repr(value)[:40]
