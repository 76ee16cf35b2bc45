"""What an entry of dataset_info.json must say for the rows that are there: their layout, by the types of columns."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.entry import COLUMN_DEFAULTS, KNOWN_KEYS, Entry

Types = Mapping[str, pa.DataType]
_KEYS = {("from", "value"): ("human", "gpt"), ("role", "content"): ("user", "assistant")}
"""The two common ways to write a message: its keys, and the names of user and assistant."""
_PROMPTS, _RESPONSES = ("instruction", "prompt"), ("output", "response")
MEDIA = {
    "images": ("images", "image", "imgs", "img", "image_path", "image_paths"),
    "videos": ("videos", "video", "video_path", "video_paths"),
    "audios": ("audios", "audio", "audio_path", "audio_paths"),
}
"""Names that columns of media have."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A column of messages, and the keys of role and text in them."""

    column: str
    role: str
    content: str


def conversation(entry: Entry, types: Types) -> Conversation | None:
    """The column of messages that rows have: the entry's, or else the first with a common name, or any."""
    own, role, content = entry.columns["messages"] or "", entry.tags["role_tag"] or "", entry.tags["content_tag"] or ""
    if {role, content} <= keys_of(types.get(own)):
        return Conversation(own, role, content)
    for column in dict.fromkeys((own, "messages", "conversations", "conversation", *sorted(types))):
        names = keys_of(types.get(column))
        for role, content in _KEYS:
            if role in names and content in names:
                return Conversation(column, role, content)
    return None


def keys_of(kind: pa.DataType | None) -> set[str]:
    """The keys of messages in a column of them; none where it is no such column."""
    item = getattr(kind, "value_type", None)
    return set(item.names) if item is not None and t.is_struct(item) else set()


def alpaca(types: Types) -> dict[str, str] | None:
    """The columns of an instruction and its answer, if rows have both."""
    prompt = next((name for name in _PROMPTS if name in types), None)
    response = next((name for name in _RESPONSES if name in types), None)
    if prompt is None or response is None:
        return None
    query = {"query": "input"} if "input" in types else {}
    return {"prompt": prompt, **query, "response": response}


def media_columns(entry: Entry, types: Types) -> dict[str, str]:
    """Columns of media: those that the entry names, and those that are named like one."""
    found = {}
    for kind, names in MEDIA.items():
        name = next((name for name in (entry.columns[kind], *names) if name in types), None)
        if name is not None:
            found[kind] = name
    return found


def misspelt(entry: Entry, block: str) -> str | None:
    """A key of the entry that the trainer ignores and that must have been meant for one that it knows."""
    return next((key for where, key in entry.mistyped if not where and _nearest(key) == block), None)


def _nearest(key: str) -> str | None:
    close = difflib.get_close_matches(key, sorted(KNOWN_KEYS), n=1)
    return close[0] if close else None


def sharegpt_lines(entry: Entry, types: Types, found: Conversation) -> list[str]:
    """The blocks `columns` and `tags` that the entry lacks for a conversation, as lines of dataset_info.json."""
    lines = []
    columns = {"messages": found.column, **media_columns(entry, types)}
    if columns != {
        key: name for key, name in entry.columns.items() if name is not None and key in ("messages", *MEDIA)
    }:
        lines.append(line("columns", columns))
    if (entry.tags["role_tag"], entry.tags["content_tag"]) != (found.role, found.content) or not (
        entry.tags["user_tag"] and entry.tags["assistant_tag"]
    ):
        lines.append(tags_line(found))
    return lines


def tags_line(found: Conversation, users: Iterable[str] = ()) -> str:
    """The block `tags` for a conversation; `users`: words for the user that its rows have."""
    default = _KEYS.get((found.role, found.content), ("user", "assistant"))
    user, assistant = next((names for names in _KEYS.values() if names[0] in users), default)
    return line(
        "tags",
        {
            "role_tag": found.role,
            "content_tag": found.content,
            "user_tag": user,
            "assistant_tag": assistant,
            "system_tag": "system",
        },
    )


def alpaca_lines(entry: Entry, types: Types, columns: dict[str, str]) -> list[str]:
    """The block `columns` that the entry lacks for instructions, as a line of dataset_info.json."""
    media = media_columns(entry, types)
    defaults = {key: COLUMN_DEFAULTS[key] for key in ("prompt", "query", "response")}
    return [] if columns == defaults and not media else [line("columns", {**columns, **media})]


def line(key: str, value: object) -> str:
    """A key of an entry as it is written."""
    return f'"{key}": {json.dumps(value, ensure_ascii=False)}'


USERS = tuple(names[0] for names in _KEYS.values())
"""The names that users have."""
