"""Columns that hold conversations: which keys of a message say who speaks, and what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from validator.catalog.recognise.columns import Columns, ColumnValues, named

_NAMES = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat")
_ROLE_KEYS = ("from", "role", "speaker", "author", "sender")
_CONTENT_KEYS = ("value", "content", "text", "message", "utterance")
_PAIR_KEYS = ({"human", "user"}, {"assistant", "gpt", "bot"})


@dataclass(frozen=True, slots=True)
class Talks:
    """A column of conversations. `form`: of messages, of pairs such as {"human": ..., "assistant": ...}, or as JSON in
    text. Pairs have no keys for role and content.
    """

    column: str
    form: Literal["messages", "pairs", "text"]
    talks: tuple[Sequence[dict[str, Any]], ...]
    role_key: str = ""
    content_key: str = ""


def talks_in(columns: Columns, without: frozenset[str] = frozenset()) -> list[Talks]:
    """The columns of conversations, the likeliest first."""
    known = named(columns, _NAMES)
    order = known + [column for column in columns.values() if column not in known]
    found = (_talks(column) for column in order if column.name not in without)
    return [talks for talks in found if talks is not None]


def is_talk(value: Any) -> bool:
    """Whether a value is a list of messages, whatever their keys."""
    return isinstance(value, list) and bool(value) and all(isinstance(message, dict) for message in value)


def is_message(value: Any, talks: Talks) -> bool:
    """Whether a value is one message with the keys of some conversations."""
    return isinstance(value, dict) and {talks.role_key, talks.content_key} <= value.keys()


def _talks(column: ColumnValues) -> Talks | None:
    if column.holds(is_talk):
        return _keyed(column.name, tuple(filter(is_talk, column.values)))
    if column.holds(lambda value: isinstance(value, str) and value.lstrip()[:1] == "["):
        read = tuple(value for value in map(_read, column.values) if is_talk(value))
        if len(read) == len(column.values) and _keyed(column.name, read) is not None:
            return Talks(column.name, "text", read)
    return None


def _read(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _keyed(column: str, talks: tuple[Sequence[dict[str, Any]], ...]) -> Talks | None:
    keys: Counter[str] = Counter()
    for talk in talks:
        for message in talk:
            keys.update(key for key, value in message.items() if value is not None)
    role_key = max(_ROLE_KEYS, key=lambda key: keys[key])
    content_key = max(_CONTENT_KEYS, key=lambda key: keys[key])
    if keys[role_key] and keys[content_key]:
        return Talks(column, "messages", talks, role_key, content_key)
    if all(keys.keys() & either for either in _PAIR_KEYS):
        return Talks(column, "pairs", talks)
    return None
