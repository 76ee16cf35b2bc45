"""Rows as NeMo AutoModel takes them: its own names where an entry gives none, media in questions alone.

Source: nemo-automodel 0.7.0 `components/datasets/vlm/datasets.py`, `convert_sharegpt_to_conversation`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from validator.catalog.entry import NO_COLUMNS, Entry
from validator.conversation.media_paths import SHOWN
from validator.conversation.row_view import RowView
from validator.conversation.sample import PLACEHOLDERS, MediaReference, Problem, Sample, Turn, UnreadError
from validator.trainers.transformers.parts import ShownMedium, Stop, Told
from validator.trainers.transformers.template import SHIELD, shielded

COLUMNS = {"messages": "messages", "images": "images", "videos": "videos"}
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
"""Its own names, where an entry gives no other."""
FAKE = "white-picture"
"""A word for the turn before whose text a white picture is put, in rows without media."""
_TAG = re.compile(r"(<image>|<video>)", re.IGNORECASE)
_IMAGE = PLACEHOLDERS["image"]
_NONE = object()
"""No image is left."""
_CONTROL = ("<|im_start|>", "<|im_end|>")
_PADS = ("<|image_pad|>", "<|video_pad|>")


def as_named(entry: Entry) -> Entry:
    """An entry with the names that hold here."""
    columns = {**NO_COLUMNS, **COLUMNS}
    tags: dict[str, str | None] = {**dict.fromkeys(entry.tags), **TAGS}
    if entry.columns_given:
        columns |= {name: entry.columns[name] or own for name, own in COLUMNS.items()}
    if entry.tags_given:
        tags |= {name: entry.tags[name] or own for name, own in TAGS.items()}
    return replace(entry, columns=columns, tags=tags)


class PlainRow(RowView):
    """The columns that are there, as they stand in the JSON."""

    def __call__(self, value: Any) -> dict[str, Any]:
        """A row without the columns that it lacks."""
        seen = super().__call__(value)
        return {name: item for name, item in seen.items() if isinstance(value, dict) and name in value}


def convert(row: Mapping[str, Any], entry: Entry) -> Sample:
    """Convert one row; `entry` is as named. Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    try:
        _take(sample, row, entry)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn)
    return sample


def _take(sample: Sample, row: Mapping[str, Any], entry: Entry) -> None:
    messages = row.get(entry.columns["messages"] or "", [])
    if messages is None:
        raise Stop("messages-null", TypeError("'NoneType' object is not iterable"))
    if not isinstance(messages, list):
        raise UnreadError("messages that are something else than a list are not reproduced")
    if row.get(entry.columns["videos"] or ""):
        raise UnreadError("videos are not reproduced under this trainer profile")
    images = row.get(entry.columns["images"] or "") or []
    if not isinstance(images, list):
        raise UnreadError("a column of images that holds something else than lists is not reproduced")
    left = iter(images)
    roles = {entry.tags[f"{role}_tag"]: role for role in ("system", "assistant", "user")}
    references: list[MediaReference] = []
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            said = f"{type(message).__name__!r} object has no attribute 'get'"
            raise Stop("message-type", AttributeError(said), index)
        tag = message.get(entry.tags["role_tag"], "")
        role = roles.get(tag) if isinstance(tag, str) else None
        if role is None:
            sample.note("turn-skipped", index, repr(tag)[:60])
            continue
        content = message.get(entry.tags["content_tag"], "")
        if role == "user":
            _ask(sample, references, left, index, content, entry)
        else:
            _say(sample, index, role, content)
    if unused := len(list(left)):
        sample.note("images-unused", None, f"{unused}")
    if not sample.turns:
        sample.note("row-emptied", None, f"{len(messages)}")
    if references:
        sample.media["image"] = references
    else:
        _put_white_picture(sample)


def _ask(
    sample: Sample, references: list[MediaReference], left: Iterator[Any], index: int, content: Any, entry: Entry
) -> None:
    """A question: texts between placeholders are stripped, a placeholder without an image vanishes."""
    if not isinstance(content, str):
        said = f"expected string or bytes-like object, got {type(content).__name__!r}"
        raise Stop("content-type", TypeError(said), index)
    told = Told(index, "user", content)
    for place, piece in enumerate(_TAG.split(content)):
        if not place % 2:
            told.pieces.append(piece.strip())
            continue
        item = next(left, _NONE) if piece.lower() == _IMAGE else _NONE
        if item is _NONE:  # videos are unread before
            sample.note("placeholder-vanishes", index, piece)
            continue
        references.append(_reference(len(references), item, entry))
        told.pieces.append(ShownMedium.IMAGE)
    _checked(sample, told.text, index)  # where a placeholder is gone, two texts may make a token
    sample.turns.append(Turn(index, "user", told.written(shielded)))


def _say(sample: Sample, index: int, role: str, content: Any) -> None:
    """An answer or a system message, which is written as Python shows it where it is no text."""
    text = content if isinstance(content, str) else str(content)
    if not isinstance(content, str):
        sample.note("content-shown", index, text[:100])
    sample.turns.append(Turn(index, role, shielded(_checked(sample, text, index))))


def _checked(sample: Sample, text: str, index: int) -> str:
    if SHIELD in text:
        raise UnreadError("the text holds U+FDD0, which no text should")
    if any(word in text for word in _CONTROL):
        raise UnreadError(f"turn {index} holds control tokens, after which answers are found that are none")
    if word := next((word for word in _PADS if word in text), None):
        sample.fail("literal-pad", ValueError(f"Found {word} tokens in the text without media"), index, stage="encode")
    return text


def _reference(index: int, item: Any, entry: Entry) -> MediaReference:
    if isinstance(item, dict):
        if item.keys() != {"path"}:
            raise UnreadError(f"image {index} is an object with more than a path, which is not reproduced")
        item = item["path"]
    if isinstance(item, str):
        if "::" in item:
            raise UnreadError(f"image {index} lies in an LMDB database, which is not read")
        path = item if entry.media_dir is None else os.path.join(entry.media_dir, item)
        return MediaReference("image", index, item[:SHOWN], path, "path", below_root=True)
    if entry.media_dir is not None:
        said = f"expected str, bytes or os.PathLike object, not {type(item).__name__}"
        raise Stop("media-type", TypeError(said))
    problem = Problem("media-type", None, index, "ValueError", f"Invalid image type: {type(item).__name__}")
    return MediaReference("image", index, repr(item)[:SHOWN], None, "value", problem)


def _put_white_picture(sample: Sample) -> None:
    """A row without media begins its first question with a white picture, of which it may consist alone."""
    turn = next((turn for turn in sample.turns if turn.role == "user"), None)
    if turn is None:
        turn = Turn(0, "user", "")
        sample.turns.insert(0, turn)
    turn.words = (FAKE,)
