"""Rows as NeMo AutoModel takes them: its own names where an entry gives none, media in questions alone.

Source: nemo-automodel 0.7.0 `components/datasets/vlm/datasets.py`, `convert_sharegpt_to_conversation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from validator.catalog.entry import NO_COLUMNS, Entry
from validator.conversation.row_view import RowView
from validator.conversation.sample import MediaKind, MediaReference, Sample, Turn, UnreadError
from validator.tokens.template import PAD_TOKENS
from validator.trainers.nemo_automodel.media import image_reference, video_reference
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
TOO_LONG = "replaced"
"""What a row above the limit is."""
_CONTROL = ("<|im_start|>", "<|im_end|>")
_TAG = re.compile(r"(<image>|<video>)", re.IGNORECASE)
_SHOWN = {"<image>": ShownMedium.IMAGE, "<video>": ShownMedium.VIDEO}
_NONE = object()
"""No medium is left."""


def names_of(entry: Entry) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """The columns and the tags of an entry as they hold here."""
    columns = {**NO_COLUMNS, **COLUMNS}
    tags: dict[str, str | None] = {**dict.fromkeys(entry.tags), **TAGS}
    if entry.columns_given:
        columns |= {name: entry.columns[name] or own for name, own in COLUMNS.items()}
    if entry.tags_given:
        tags |= {name: entry.tags[name] or own for name, own in TAGS.items()}
    return columns, tags


def as_named(entry: Entry) -> Entry:
    """An entry with the names that hold here."""
    columns, tags = names_of(entry)
    return replace(entry, columns=columns, tags=tags)


class PlainRow(RowView):
    """The columns that are there, as they stand in the JSON."""

    def __call__(self, value: Any) -> dict[str, Any]:
        """A row without the columns that it lacks."""
        seen = super().__call__(value)
        return {name: item for name, item in seen.items() if isinstance(value, dict) and name in value}


def convert(row: Mapping[str, Any], entry: Entry) -> Sample:
    """Convert one row. Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    try:
        _take(sample, row, entry)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn)
    return sample


def _take(sample: Sample, row: Mapping[str, Any], entry: Entry) -> None:
    columns, tags = names_of(entry)
    messages = row.get(columns["messages"] or "", [])
    if messages is None:
        raise Stop("messages-null", TypeError("'NoneType' object is not iterable"))
    if not isinstance(messages, list):
        raise UnreadError("messages that are something else than a list are not reproduced")
    given = _Left(entry, _column(row, columns, "images"), _column(row, columns, "videos"))
    roles = {tags[f"{role}_tag"]: role for role in ("system", "assistant", "user")}
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            said = f"{type(message).__name__!r} object has no attribute 'get'"
            raise Stop("message-type", AttributeError(said), index)
        tag = message.get(tags["role_tag"], "")
        role = roles.get(tag) if isinstance(tag, str) else None
        if role is None:
            sample.note("turn-skipped", index, repr(tag)[:60])
            continue
        content = message.get(tags["content_tag"], "")
        if role == "user":
            _ask(sample, given, index, content)
        else:
            _say(sample, index, role, content)
    for kind, left in given.left.items():
        if unused := len(list(left)):
            sample.note(f"{kind}s-unused", None, f"{unused}")
    if not sample.turns:
        sample.note("row-emptied", None, f"{len(messages)}")
    sample.media = {kind: taken for kind, taken in given.taken.items() if taken}
    _check_pads(sample)
    if not sample.media:
        _put_white_picture(sample)


class _Left:
    """The media of a row: those that are `left` of its columns, and those that placeholders have `taken`."""

    def __init__(self, entry: Entry, images: list[Any], videos: list[Any]) -> None:
        self.entry = entry
        self.left: dict[MediaKind, Iterator[Any]] = {"image": iter(images), "video": iter(videos)}
        self.taken: dict[MediaKind, list[MediaReference]] = {"image": [], "video": []}

    def take(self, sample: Sample, kind: MediaKind) -> bool:
        """Take the next medium of a kind; False where none is left. Raises Stop and UnreadError."""
        taken, item = self.taken[kind], next(self.left[kind], _NONE)
        if item is _NONE:
            return False
        if kind == "image":
            taken.append(image_reference(len(taken), item, self.entry))
        else:
            taken.append(video_reference(sample, len(taken), item, self.entry))
        return True


def _column(row: Mapping[str, Any], columns: Mapping[str, str | None], name: str) -> list[Any]:
    column = row.get(columns[name] or "") or []
    if not isinstance(column, list):
        raise UnreadError(f"a column of {name} that holds something else than lists is not reproduced")
    return column


def _ask(sample: Sample, given: _Left, index: int, content: Any) -> None:
    """A question: texts between placeholders are stripped, a placeholder without a medium vanishes."""
    if not isinstance(content, str):
        said = f"expected string or bytes-like object, got {type(content).__name__!r}"
        raise Stop("content-type", TypeError(said), index)
    told = Told(index, "user", content)
    for place, piece in enumerate(_TAG.split(content)):
        if not place % 2:
            told.pieces.append(piece.strip())
            continue
        shown = _SHOWN[piece.lower()]
        if given.take(sample, shown.value):
            told.pieces.append(shown)
        else:
            sample.note("placeholder-vanishes", index, piece)
    _check(told.text, index)  # where a placeholder is gone, two texts may make a token
    sample.turns.append(Turn(index, "user", told.written(shielded)))


def _say(sample: Sample, index: int, role: str, content: Any) -> None:
    """An answer or a system message, which is written as Python shows it where it is no text."""
    text = content if isinstance(content, str) else str(content)
    if not isinstance(content, str):
        sample.note("content-shown", index, text[:100])
    _check(text, index)
    sample.turns.append(Turn(index, role, shielded(text)))


def _check(text: str, index: int) -> None:
    if SHIELD in text:
        raise UnreadError("the text holds U+FDD0, which no text should")
    if any(word in text for word in _CONTROL):
        raise UnreadError(f"turn {index} holds control tokens, after which answers are found that are none")


def _check_pads(sample: Sample) -> None:
    """Pads in the text are one medium too many, if the row has media of their kind: a white picture is one."""
    for turn in sample.turns:
        for kind, pad in PAD_TOKENS.items():
            if pad not in turn.content:
                continue
            if kind not in sample.media and (kind != "image" or sample.media):
                raise UnreadError(f"turn {turn.index} holds {pad} in a row without such media")
            said = f"Found {pad} tokens in the text without media"
            sample.fail("literal-pad", ValueError(said), turn.index, stage="encode")


def _put_white_picture(sample: Sample) -> None:
    """A row without media begins its first question with a white picture, of which it may consist alone."""
    turn = next((turn for turn in sample.turns if turn.role == "user"), None)
    if turn is None:
        turn = Turn(0, "user", "")
        sample.turns.insert(0, turn)
    turn.words = (FAKE,)
