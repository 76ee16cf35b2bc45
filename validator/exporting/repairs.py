"""Repairs that cannot change what a row means. Each edits the parsed row in place and says in words what it has done.

A fault has a repair here only where there is one thing that the row can have meant. Everything else stays behind.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyarrow import types as t

from validator.catalog.entry import Entry
from validator.catalog.survey import Survey
from validator.conversation.parts import are_parts, written
from validator.conversation.sample import MEDIA_COLUMNS
from validator.exporting.pictures import PictureFiles
from validator.findings import clip, count
from validator.media.whereabouts import is_there, spellings
from validator.storage.media_files import MediaFiles

Row = dict[str, Any]
_SYNONYMS = ({"user", "human"}, {"assistant", "gpt", "bot", "model"})
"""Words of which each stands for one role and no other."""
OUTSIDE = "outside"
"""Stands in the place of a code for rows whose media lead out of the folder that is copied."""
PARTS = "parts"
"""Stands in the place of a code for the rows of a file with contents in parts: it goes as text, or not at all."""
_PLACEHOLDER = re.compile("<(image|video|audio)>")


@dataclass(frozen=True, slots=True)
class Bench:
    """What repairs need to know. `has_boxes` tells whether the text of the row points into its images."""

    entry: Entry
    survey: Survey
    files: MediaFiles
    pictures: PictureFiles
    has_boxes: Callable[[], bool]
    codes: frozenset[str]


Repair = Callable[[Row, Bench], Iterator[str]]


def media_to_list(row: Row, bench: Bench) -> Iterator[str]:
    """A path where other rows have a list of paths (DI004)."""
    for name in _media_columns(bench.entry):
        kind = bench.survey.types.get(name)
        if isinstance(row.get(name), str) and kind is not None and t.is_list(kind):
            row[name] = [row[name]]
            yield f"`{name}`: a string became a list of one"


def number_to_text(row: Row, bench: Bench) -> Iterator[str]:
    """A whole number, in a column that the trainer does not read, where other rows have text (DI004)."""
    read = set(bench.entry.columns.values())
    for name, value in row.items():
        kind = bench.survey.types.get(name)
        if name not in read and type(value) is int and kind is not None and t.is_string(kind):
            row[name] = str(value)
            yield f"`{name}`: the number {value} became text"


def path_of_value(row: Row, bench: Bench) -> Iterator[str]:
    """An image that is {"path": ...}, or a list of one path (MD007)."""
    for name in _media_columns(bench.entry, ("images",)):
        for index, item in _items(row, name):
            inner = item.get("path") if isinstance(item, dict) and item.keys() == {"path"} else None
            if isinstance(item, list) and len(item) == 1:
                inner = item[0]
            if isinstance(inner, str):
                yield f"{_put(row, name, index, inner)}: it became its path `{clip(inner)}`"


def path_as_it_is(row: Row, bench: Bench) -> Iterator[str]:
    """A path that is written in another way than the file is called: file://, back slashes, percent signs, white space
    around it (MD001, MD006). The file must be there.
    """
    for name in _media_columns(bench.entry):
        for index, item in _items(row, name):
            if not isinstance(item, str) or is_there(item, bench.files):
                continue
            found = next((path for path in spellings(item) if is_there(path, bench.files)), None)
            if found is not None:
                yield f"{_put(row, name, index, found)}: `{clip(item)}` became `{clip(found)}`"


def file_of_data_uri(row: Row, bench: Bench) -> Iterator[str]:
    """An image that is base64 data (MD006) becomes a file with the same bytes."""
    for name in _media_columns(bench.entry, ("images",)):
        for index, item in _items(row, name):
            head, _, body = item.partition(",") if isinstance(item, str) else ("", "", "")
            if not (head.startswith("data:image/") and head.endswith(";base64")):
                continue
            try:
                data = base64.b64decode(body, validate=True)
            except (binascii.Error, ValueError):
                continue
            path = bench.pictures.keep(data, head[len("data:image/") : -len(";base64")])
            yield f"{_put(row, name, index, path)}: base64 data became the file `{path}`"


def turned_upright(row: Row, bench: Bench) -> Iterator[str]:
    """An image whose EXIF block says how to turn it (IM005, IM006) becomes a turned copy. Where the text points into
    the image, only if its coordinates fit no other way to hold it (IM006).
    """
    if "IM006" not in bench.codes and bench.has_boxes():
        return
    for name in _media_columns(bench.entry, ("images",)):
        for index, item in _items(row, name):
            if isinstance(item, str) and (turned := bench.pictures.turn(bench.files.resolve(item))):
                yield f"{_put(row, name, index, turned)}: `{clip(item)}` became the turned copy `{turned}`"


def role_as_named(row: Row, bench: Bench) -> Iterator[str]:
    """A role in other letters, with white space, or by the other of its two names (CV001, CV004, DI015)."""
    tags = bench.entry.tags
    known = [tag for name, tag in tags.items() if name not in ("role_tag", "content_tag") and tag]
    messages = row.get(bench.entry.columns["messages"] or "")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        role = message.get(tags["role_tag"]) if isinstance(message, dict) else None
        if not isinstance(role, str) or role in known:
            continue
        word = role.strip().casefold()
        fits = [tag for tag in known if tag.casefold() == word]
        fits = fits or [tag for tag in known for names in _SYNONYMS if {word, tag.casefold()} <= names]
        if len(set(fits)) == 1:
            message[tags["role_tag"]] = fits[0]
            yield f"turn {index}: the role `{clip(role)}` became `{fits[0]}`"


def json_as_text(row: Row, bench: Bench) -> Iterator[str]:
    """Tools, or a function call, that are objects where the trainer reads JSON text (CV005, CV006, CV007)."""
    if bench.entry.formatting == "openai":
        return
    name, tags = bench.entry.columns["tools"], bench.entry.tags
    if name and isinstance(row.get(name), list | dict) and row[name]:
        row[name] = _as_text(row[name])
        yield f"`{name}`: became JSON text"
    messages = row.get(bench.entry.columns["messages"] or "")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if not isinstance(message, dict) or message.get(tags["role_tag"]) != tags["function_tag"]:
            continue
        if isinstance(message.get(tags["content_tag"]), list | dict):
            message[tags["content_tag"]] = _as_text(message[tags["content_tag"]])
            yield f"turn {index}: the function call became JSON text"


def text_of_parts(row: Row, bench: Bench) -> Iterator[str]:
    """Contents in parts: their text, with placeholders where media stand, which go into their columns (CV005)."""
    tag, place = bench.entry.tags["content_tag"] or "", bench.entry.columns["messages"] or ""
    messages = [message for message in _list(row.get(place)) if isinstance(message, dict)]
    in_parts = [message for message in messages if are_parts(message.get(tag))]
    made = [text for message in in_parts if (text := written(message[tag])) is not None]
    if not made or len(made) < len(in_parts):
        return
    named = [item for text in made for item in text.media]
    shown = named or any(text.standing for text in made)
    if shown and any(map(_PLACEHOLDER.search, _texts(messages, tag))):
        return
    columns = {kind: bench.entry.columns[f"{kind}s"] or "" for kind in ("image", "video")}
    if any(row.get(columns[kind]) for kind, _ in named):  # which of the two comes first?
        return
    for message, text in zip(in_parts, made, strict=True):
        message[tag] = text.text
    for kind, path in named:
        row[columns[kind]] = [*(row.get(columns[kind]) or ()), path]
    lists = f", {count(len(named), 'path')} went into the columns of media" if named else ""
    yield f"{count(len(made), 'content')} in parts became text{lists}"
    yield from path_as_it_is(row, bench)
    yield from file_of_data_uri(row, bench)


def path_made_absolute(row: Row, bench: Bench) -> Iterator[str]:
    """A path that leads out of the media folder, where that is copied."""
    for name in _media_columns(bench.entry):
        for index, item in _items(row, name):
            if isinstance(item, str) and os.path.normpath(item).split(os.sep)[0] == os.pardir:
                path = os.path.abspath(bench.files.resolve(item))
                yield f"{_put(row, name, index, path)}: `{clip(item)}` became absolute"


def _texts(messages: list[Row], tag: str) -> Iterator[str]:
    """What messages hold as text, alone or in parts."""
    for message in messages:
        for part in _list(message.get(tag)) or [message.get(tag)]:
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


REPAIRS: dict[Repair, frozenset[str]] = {
    text_of_parts: frozenset((PARTS,)),
    media_to_list: frozenset(("DI004",)),
    number_to_text: frozenset(("DI004",)),
    path_of_value: frozenset(("MD007", "DI004")),
    path_as_it_is: frozenset(("MD001", "MD006")),
    file_of_data_uri: frozenset(("MD001", "MD006")),
    turned_upright: frozenset(("IM005", "IM006")),
    role_as_named: frozenset(("CV001", "CV004", "DI015")),
    json_as_text: frozenset(("CV005", "CV006", "CV007", "DI004")),
    path_made_absolute: frozenset((OUTSIDE,)),
}
"""Each repair, in the order in which they are tried, with the codes of the findings that it may answer."""


def repair(row: Row, bench: Bench) -> list[tuple[str, str]]:
    """Edit a row in place by every repair that its findings call for; returns (name of the repair, what it did)."""
    return [
        (attempt.__name__.replace("_", "-"), words)
        for attempt in _answering(bench.codes)
        for words in attempt(row, bench)
    ]


@lru_cache(maxsize=256)
def _answering(codes: frozenset[str]) -> list[Repair]:
    return [attempt for attempt, answered in REPAIRS.items() if answered & codes]


def _media_columns(entry: Entry, kinds: tuple[str, ...] = tuple(MEDIA_COLUMNS)) -> list[str]:
    return [name for kind in kinds if (name := entry.columns[kind])]


def _items(row: Row, name: str) -> list[tuple[int | None, Any]]:
    """The elements of a media column with their places; None is the place of one that is in no list."""
    value = row.get(name)
    if isinstance(value, list):
        return list(enumerate(value))
    return [] if value is None else [(None, value)]


def _put(row: Row, name: str, index: int | None, value: str) -> str:
    """Replace an element; returns how it is called."""
    if index is None:
        row[name] = value
        return f"`{name}`"
    row[name][index] = value
    return f"`{name}[{index}]`"


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
