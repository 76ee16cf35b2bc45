"""Rows as ms-swift's loader makes them: columns by their names, messages in its own roles, one answer to all layouts.

Source: ms-swift 4.6.0 `dataset/preprocessor/core.py`. A row in which anything here raises is left out by the loader.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from validator.catalog.entry import OWN, Entry
from validator.catalog.schema import StoredImage
from validator.conversation.sample import UnreadError

ROLES = frozenset(("system", "user", "tool_call", "tool_response", "tool", "assistant"))
_MESSAGES = ("conversation", "conversations", "messages")
MEDIA = {"images": "images", "image": "images", "videos": "videos", "video": "videos", "audios": "audios",
          "audio": "audios"}  # fmt: skip
_SYSTEM = dict.fromkeys(("system", "system_prompt"), "system")
_QUERY = dict.fromkeys(("query", "prompt", "input", "instruction", "question", "problem"), "query")
_RESPONSE = dict.fromkeys(
    ("response", "answer", "output", "targets", "target", "answer_key", "answers", "solution", "text", "completion",
     "content"),
    "response",
)  # fmt: skip
TEXT_NAMES = frozenset((*_MESSAGES, *_SYSTEM, *_QUERY, *_RESPONSE, "history", "tools"))
"""Columns of text that are read whatever the entry says."""
_STANDARD = {"messages": "messages", "system": "system", "tools": "tools", "images": "images", "videos": "videos",
             "audios": "audios", "history": "history", "response": "response", "query": "query"}  # fmt: skip
"""What the columns of a registry entry are to ms-swift."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Of an object in memory, which is another in each run."""
_PREFERENCES = ("rejected_", "positive_", "negative_")
_LITERAL = ("default", "const")
_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")


class FaultError(Exception):
    """The trainer's own code raises `cause`; `kind` is the word for it."""

    def __init__(self, kind: str, cause: Exception) -> None:
        super().__init__(str(cause))
        self.kind, self.cause = kind, cause


class faults:  # noqa: N801  # reads as a word; a generator would cost a row some microseconds
    """Whatever is raised within is a fault of one kind."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, UnreadError | FaultError):
            raise FaultError(self.kind, error) from None


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows with certain columns are read: `names`, what each column is to ms-swift; `kind`, its preprocessor."""

    names: Mapping[str, str]
    kind: str


@dataclass(slots=True)
class Loaded:
    """A row as the loader leaves it. `places`: the message of the raw row that each message comes from."""

    messages: list[dict[str, Any]]
    places: list[int]
    images: Any = None
    videos: Any = None
    audios: Any = None
    tools: list[Any] = field(default_factory=list)
    objects: dict[str, Any] = field(default_factory=dict)
    kwargs: dict[str, Any] = field(default_factory=dict)


class _Given:
    """Words that a registry entry gives for keys and roles; ms-swift's own where it gives none."""

    def __init__(self, entry: Entry) -> None:
        named = entry.formatting == "sharegpt"
        tags = entry.tags if named else {}
        self.role = (tags["role_tag"],) if named else ("role", "from")
        self.content = (tags["content_tag"],) if named else ("content", "value")
        self.user = (tags["user_tag"],) if named else ("user", "human")
        self.assistant = (tags["assistant_tag"],) if named else ("assistant", "gpt", "bot")
        self.system = (named and tags["system_tag"]) or "system"


def load(row: Mapping[str, Any], entry: Entry) -> Loaded | None:
    """What the loader makes of a row, None where it leaves it out in silence. Raises FaultError and UnreadError."""
    with faults("message-type"):
        return _loaded(row, entry)


def _loaded(row: Mapping[str, Any], entry: Entry) -> Loaded | None:
    layout = _layout(tuple(row), _named(entry), entry.formatting)
    own = {layout.names.get(name, name): value for name, value in row.items()}
    if any(name.startswith(_PREFERENCES) for name in own):
        raise UnreadError("columns of preference data are not read")
    if layout.kind == "messages":
        taken = _take_messages(own, _Given(entry))
        if taken is None:
            return None
        messages, places = taken
    else:
        messages = _take_pairs(own, layout.kind)
        places = list(range(len(messages)))
    with faults("objects-type"):
        objects = _objects(own.get("objects"))
    _check(messages)
    with faults("tools-json"):
        tools = _tools(own.get("tools"))
    images, videos = own.get("images"), own.get("videos")
    return Loaded(
        messages,
        places,
        [images] if isinstance(images, str | dict | StoredImage) else images,
        [videos] if isinstance(videos, str) else videos,
        own.get("audios"),
        tools,
        objects,
        own.get("chat_template_kwargs") or {},
    )


def _named(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Columns that the entry names, as (name in the file, what it is)."""
    found = {}
    pair = entry.formatting == "alpaca" and bool(entry.columns["query"])
    for column, name in entry.columns.items():
        standard = _STANDARD.get(column)
        if entry.formatting == "alpaca":
            standard = {"prompt": "instruction" if pair else "query", "query": "input", "response": "output"}.get(
                column, standard
            )
        elif column == "prompt":
            standard = "query"
        if name and standard:
            found[name] = standard
    return tuple(found.items())


@lru_cache(maxsize=256)
def _layout(columns: tuple[str, ...], named: tuple[tuple[str, str], ...], formatting: str) -> Layout:
    names = _rename(columns, dict(named))
    now = tuple(names.get(name, name) for name in columns)
    if formatting == "sharegpt" or (formatting in ("ms-swift", OWN) and any(name in now for name in _MESSAGES)):
        kind, known = "messages", MEDIA | dict.fromkeys(_MESSAGES, "messages") | _SYSTEM
    else:
        kind = "alpaca" if "instruction" in now and "input" in now else "response"
        known = MEDIA | _SYSTEM | _QUERY | _RESPONSE
    later = _rename(now, known)
    return Layout({name: later.get(names.get(name, name), names.get(name, name)) for name in columns}, kind)


def _rename(columns: tuple[str, ...], wanted: Mapping[str, str]) -> dict[str, str]:
    """Columns that get another name; none of those that would get the same one."""
    present = {name.lower(): name for name in columns}
    found = {present[name.lower()]: standard for name, standard in wanted.items() if name.lower() in present}
    often = Counter(found.values())
    return {name: standard for name, standard in found.items() if often[standard] == 1 and name != standard}


def _take_messages(row: dict[str, Any], given: _Given) -> tuple[list[dict[str, Any]], list[int]] | None:
    messages = row["messages"]
    if isinstance(messages, str):
        messages = _read(messages)
    if not messages or isinstance(messages, str):
        return None
    messages = [dict(message) if isinstance(message, dict) else message for message in messages]
    if any(message.get("tool_calls") for message in messages):
        raise UnreadError("messages with tool_calls are not read")
    if any(isinstance(message.get("content"), list) and any(
        part.get("type") in ("tool_use", "tool_result") or (part.get("type") == "image" and "source" in part)
        for part in message["content"]) for message in messages):  # fmt: skip
        raise UnreadError("contents in Anthropic's blocks are not read")
    places = list(range(len(messages)))
    _move(messages, "role", given.role)
    _move(messages, "content", given.content)
    system = row.get("system")
    if "role" not in messages[0] and "content" not in messages[0]:
        _move(messages, "user", given.user)
        _move(messages, "assistant", given.assistant)
        pairs = [{"role": role, "content": message[role]} for message in messages for role in ("user", "assistant")]
        places = [place for place in places for _ in range(2)]
        if system is not None:
            return [{"role": "system", "content": system}, *pairs], [0, *places]
        return pairs, places
    if messages[0]["role"] == given.system:
        messages[0]["role"] = "system"
    elif system is not None:
        messages.insert(0, {"role": "system", "content": system})
        places.insert(0, 0)
    for message in messages:
        message["role"] = _role(message["role"], given)
    return messages, places


def _role(role: Any, given: _Given) -> Any:
    if role in given.user:
        return "user"
    if role in given.assistant:
        return "assistant"
    word = role.replace("-", "_")
    if word == "function_call":
        return "tool_call"
    return "tool_response" if word in ("function_response", "observation", "observations") else role


def _move(messages: list[dict[str, Any]], standard: str, keys: tuple[Any, ...]) -> None:
    for message in messages:
        for key in keys:
            if key in message:
                message[standard] = message.pop(key)


def _take_pairs(row: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    query, response = row.get("query"), row.get("response")
    if kind == "alpaca":
        instruction, more = row.get("instruction"), row.get("input")
        if row.get("output") is not None:
            response = row["output"]
        query = f"{instruction}\n{more}" if instruction and more else instruction or more
        if not isinstance(query, str):
            raise AssertionError(f"query: {query}")
    if isinstance(response, list):
        response = response[0]
    history = row.get("history") or []
    history = _literal(history) if isinstance(history, str) else list(history)
    messages = [] if row.get("system") is None else [{"role": "system", "content": row["system"]}]
    for pair in (*history, [query, response]):
        if not isinstance(pair, list | tuple):
            raise AssertionError("a pair of the history is no list")
        for role, content in zip(("user", "assistant"), (pair[0], pair[1]), strict=True):
            if content is not None:
                messages.append({"role": role, "content": content})
    return messages


def _objects(given: Any) -> dict[str, Any]:
    """Boxes are turned so that the first corner is the upper left."""
    if given is None:
        return {}
    objects = {key: deepcopy(given[key]) for key in ("ref", "bbox", "bbox_type", "image_id") if key in given.keys()}  # noqa: SIM118  # a list has no keys: an error
    for box in objects["bbox"]:
        if len(box) not in (2, 4):
            raise AssertionError(f"len(box): {len(box)}")
        if len(box) == 4:
            box[0], box[2] = min(box[0], box[2]), max(box[0], box[2])
            box[1], box[3] = min(box[1], box[3]), max(box[1], box[3])
    return objects


def _check(messages: list[dict[str, Any]]) -> None:
    if not len(messages):
        raise AssertionError(f"messages: {messages}")
    for message in messages:
        role, content = message["role"], message["content"]
        if isinstance(content, str) and isinstance(role, str) and role in ROLES:
            continue
        with faults("role-unknown"):
            if role not in ROLES:
                raise AssertionError(f"message: {message}")
        with faults("content-type"):
            if content is None:
                raise AssertionError(f"message: {message}")


def _tools(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, str):
        with suppress(json.JSONDecodeError):
            given = json.loads(given)
    return [_without_nulls(tool) for tool in (given if isinstance(given, list) else [given])]


def _without_nulls(schema: Any) -> Any:
    """Nulls in a schema come from other rows' keys: they are taken out where they can mean nothing."""
    if isinstance(schema, list):
        return [_without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    cleaned: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _LITERAL or key.startswith("x-"):
            cleaned[key] = value
        elif value is None:
            continue
        elif key in ("enum", "examples"):
            cleaned[key] = value
        elif key in _SCHEMAS and isinstance(value, dict):
            cleaned[key] = {name: _without_nulls(item) for name, item in value.items() if item is not None}
        else:
            cleaned[key] = _without_nulls(value)
    return cleaned


def parsed(text: Any) -> Any:
    """What a text says as JSON or as Python writes values, None where it says neither; other values as they are."""
    if not isinstance(text, str):
        return text
    try:
        return _read(text)
    except Exception:
        return None


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return _literal(text)


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that mean nothing
        try:
            return ast.literal_eval(text)
        except ValueError as error:
            raise ValueError(_ADDRESS.sub("", str(error))) from None
