"""Rows of the converters alpaca and sharegpt, whose columns and words for roles are fixed. Each `<image>` takes the
next element of the column.

Source: llamafactory-kt 0.9.6.dev0 `v1/plugins/data_plugins/converter.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from validator.conversation.sample import MEDIA_COLUMNS, PLACEHOLDERS, MediaKind, Sample, Turn, UnreadError
from validator.trainers.llamafactory_v1.escape import broken_up
from validator.trainers.llamafactory_v1.taken import Taken, check_calls, checked, take_tools
from validator.trainers.transformers.parts import Stop
from validator.trainers.transformers.template import shielded

_KINDS = {word: kind for kind, word in PLACEHOLDERS.items()}
_TAG = re.compile(f"({'|'.join(_KINDS)})")
_ROLES = {"system": "system", "human": "user", "gpt": "assistant", "observation": "observation"}
_CALL = "function_call"

Given = Mapping[MediaKind, Iterator[Any]]
"""The media of a row's columns that no placeholder has taken yet."""


def take_alpaca(sample: Sample, taken: Taken, row: Mapping[str, Any]) -> None:
    """Columns of the file are read, null or not; the question alone may hold media. Raises Stop and UnreadError."""
    media = _given(row)
    if "system" in row:
        taken.add(Turn(0, "system", shielded(broken_up(_text(row["system"], 0), 0, sample))))
    if "instruction" in row or "input" in row:
        place = len(taken.turns)
        parts = [_text(row.get(name, ""), place) for name in ("instruction", "input")]
        _expand(sample, taken, media, place, "user", "".join(parts))
    if "output" in row:
        place = len(taken.turns)
        text = _text(row["output"], place)
        if word := next((word for word in _KINDS if word in text), ""):
            sample.note("placeholder-is-text", place, word)
        taken.add(Turn(place, "assistant", shielded(broken_up(text, place, sample))))
    _match(media)


def take_conversations(sample: Sample, taken: Taken, row: Mapping[str, Any]) -> None:
    """Messages of unknown roles, and calls that are no JSON, are left out. Raises Stop and UnreadError."""
    media = _given(row)
    messages = row.get("conversations", [])
    if messages is None:
        raise Stop("messages-null", TypeError("'NoneType' object is not iterable"))
    if not isinstance(messages, list):
        raise UnreadError("conversations that are something else than a list are not reproduced")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise Stop("message-type", TypeError(f"{type(message).__name__!r} object is not subscriptable"), index)
        if "from" not in message:
            raise Stop("column-missing", KeyError("from"), index)
        tag = message["from"]
        if isinstance(tag, dict | list):
            raise Stop("message-type", TypeError(f"unhashable type: {type(tag).__name__!r}"), index)
        if tag not in _ROLES and tag != _CALL:
            sample.note("message-left-out", index, f"its role is {json.dumps(tag, default=str)[:60]}")
        elif "value" not in message:
            raise Stop("column-missing", KeyError("value"), index)
        elif tag == _CALL:
            _call(sample, taken, index, message["value"])
        else:
            _expand(sample, taken, media, index, _ROLES[tag], _text(message["value"], index))
    _match(media)
    take_tools(sample, row.get("tools"), converted=True)


def _call(sample: Sample, taken: Taken, index: int, value: Any) -> None:
    """A message that calls functions. The template writes none, so that the turn is empty."""
    if not isinstance(value, str):
        said = f"the JSON object must be str, bytes or bytearray, not {type(value).__name__}"
        raise Stop("content-type", TypeError(said), index)
    try:
        calls = json.loads(value)
    except RecursionError:
        raise UnreadError("a function call that is nested too deep is not reproduced") from None
    except ValueError:
        sample.note("message-left-out", index, "its function call is no JSON")
        return
    check_calls(calls if isinstance(calls, list) else [calls], index)
    sample.note("calls-not-written", index, "")
    taken.add(Turn(index, "function", ""))


def _given(row: Mapping[str, Any]) -> Given:
    given: dict[MediaKind, Iterator[Any]] = {}
    for column, kind in MEDIA_COLUMNS.items():
        value = row.get(column)
        given[kind] = iter([] if value is None else value if isinstance(value, list) else [value])
    return given


def _text(value: Any, index: int) -> str:
    if not isinstance(value, str):
        said = f"expected string or bytes-like object, got {type(value).__name__!r}"
        raise Stop("content-type", TypeError(said), index)
    return checked(value)


def _expand(sample: Sample, taken: Taken, media: Given, index: int, role: str, text: str) -> None:
    """A turn of which each placeholder takes the next medium of its kind. Raises Stop where none is left."""
    shown: dict[MediaKind, list[Any]] = {}
    for word in _TAG.findall(text) if "<" in text else ():
        try:
            shown.setdefault(_KINDS[word], []).append(next(media[_KINDS[word]]))
        except StopIteration:
            said = f"More {word} tags than provided media files."
            raise Stop("tags-mismatch", ValueError(said), index) from None
    taken.add(Turn(index, role, broken_up(text, index, sample)), shown)


def _match(media: Given) -> None:
    """Raises Stop where media are left over."""
    for kind, left in media.items():
        if unused := len(list(left)):
            said = f"Fewer {PLACEHOLDERS[kind]} tags than provided media files ({unused} unused)."
            raise Stop("tags-mismatch", ValueError(said))
