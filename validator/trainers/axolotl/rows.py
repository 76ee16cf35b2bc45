"""Rows as axolotl's collator of multimodal data takes them: messages of any role, and of a column its first image.

Where no image is loaded, the tokens of image parts stay what the template writes: one pad each, and no picture is fed.
Source: axolotl 0.19.0 `processing_strategies.py`, `ProcessingStrategy.__call__`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validator.catalog.schema import StoredImage
from validator.conversation.media_paths import SHOWN
from validator.conversation.sample import MediaKind, MediaReference, Sample, Turn, UnreadError
from validator.tokens.template import PAD_TOKENS
from validator.trainers.axolotl.contents import fill, is_bare
from validator.trainers.axolotl.template import ROLES
from validator.trainers.transformers.parts import Media, Stop, Told, shown_images, shown_videos
from validator.trainers.transformers.template import BARE, SHIELD, UNEXPANDED, shielded

TEXT_NAMES = frozenset(("messages", "conversations"))
NAMES = TEXT_NAMES | {"images", "image"}
"""Columns that axolotl's collator knows by name."""
_LEGACY = {"human": "user", "gpt": "assistant"}
"""Roles of `conversations` in the words of `messages`; others stay what they are."""
_ROLES = {"user": "user", "assistant": "assistant", "system": "system"}
_ANSWER = "<|im_start|>assistant"
_END, _PADDING = "<|im_end|>", "<|endoftext|>"
_WORD = re.compile(r"[\w.-]{0,40}")
"""A role that is reproduced."""


@dataclass(frozen=True, slots=True)
class OfColumn:
    """The image of a row's column."""

    image: Any


def convert(row: Mapping[str, Any]) -> Sample:
    """Convert one row (as seen through `WholeRow`). Faults become problems of the sample; nothing is raised."""
    sample = Sample(objects={ROLES: {}})
    try:
        _take(sample, row)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn)
    return sample


def _take(sample: Sample, row: Mapping[str, Any]) -> None:
    told = _told(sample, _messages(row))
    first = _first_image(sample, row)
    if first is not None:
        _place(told, first)
    loaded = fill(told)
    if not told:
        raise UnreadError("a row without a message has no token, and what becomes of it is not reproduced")
    videos = sum(message.count("video") for message in told)
    if videos and not loaded["video"]:
        raise UnreadError("a video part for which no video is loaded is not reproduced")
    images = loaded["image"]
    _write(sample, told, loaded)
    if images:
        sample.media["image"] = _references(images)
    elif bare := sum(message.count("image") for message in told):
        sample.note("column-empty", None, f"{bare}")
    if videos:
        sample.media["video"] = shown_videos(loaded["video"])


def _messages(row: Mapping[str, Any]) -> list[Any]:
    """Messages with `role` and `content`; those of `conversations` only where there are no other."""
    if "messages" not in row and "conversations" not in row:
        raise Stop("column-missing", ValueError("neither `messages` nor `conversations` is there"))
    if row.get("messages") is not None:
        messages, names = row["messages"], None
    elif "conversations" in row:
        messages, names = row["conversations"], ("from", "value")
    else:
        raise Stop("messages-null", ValueError("`messages` is present but None"))
    if messages is None:
        raise Stop("messages-null", TypeError("'NoneType' object is not iterable"))
    if not isinstance(messages, list):
        raise UnreadError("messages that are something else than a list are not reproduced")
    return messages if names is None else [_of_sharegpt(index, message) for index, message in enumerate(messages)]


def _of_sharegpt(index: int, message: Any) -> dict[str, Any]:
    role, content = _key(index, message, "from"), _key(index, message, "value")
    if not isinstance(role, str | None):
        raise UnreadError(f"message {index} has a role that is not reproduced")
    return {"role": _LEGACY.get(role or "", role), "content": content}


def _key(index: int, message: Any, key: str) -> Any:
    if not isinstance(message, dict):
        raise Stop("message-type", TypeError(f"{type(message).__name__!r} object is not subscriptable"), index)
    if key not in message:
        raise Stop("column-missing", KeyError(key), index)
    return message[key]


def _told(sample: Sample, messages: Sequence[Any]) -> list[Told]:
    """Messages whose content is a text or a list of parts, as parts: the others vanish."""
    told = []
    for index, message in enumerate(messages):
        content = _key(index, message, "content")
        if not isinstance(content, str | list):
            sample.note("message-vanishes", index, type(content).__name__)
            continue
        role = _key(index, message, "role")
        if role is not None and not (isinstance(role, str) and _WORD.fullmatch(role)):
            raise UnreadError(f"message {index} has a role that is not reproduced")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else [*content]
        told.append(Told(index, role or "", parts, calls=message.get("tool_calls") or None))
    return told


def _first_image(sample: Sample, row: Mapping[str, Any]) -> OfColumn | None:
    """What is taken of the column `images`, or where the data have none, of `image`; None where it is null."""
    name = next((name for name in ("images", "image") if name in row), None)
    column = None if name is None else row[name]
    if column is None:
        return None
    if isinstance(column, str) and column:
        said = f"Incorrect image source: the first character of `{column[:40]}` is taken for an image"
        raise Stop("image-column", ValueError(said))
    if isinstance(column, StoredImage | int | float):
        raise Stop("image-column", TypeError("an image has no len(): it should stand in a list"))
    if not isinstance(column, list | str):
        raise UnreadError(f"a column {name} that holds something else than lists is not reproduced")
    if not column:
        raise Stop("image-column-empty", IndexError("list index out of range"))
    if len(column) > 1:
        sample.note("images-left", None, f"{len(column)}")
    return OfColumn(column[0])


def _place(told: Sequence[Told], image: OfColumn) -> None:
    """Put the image of the column into the first part that waits for one of the last message that has such a part, or
    behind all else of the first question.
    """
    place = None
    for message in told:
        bare = next((number for number, part in enumerate(message.content) if is_bare(message.index, part)), None)
        place = place if bare is None else (message, bare)
    if place is not None:
        message, bare = place
        message.content[bare] = {**message.content[bare], "image": image}
        return
    if not told:
        raise Stop("message-type", IndexError("list index out of range"))
    asked = next((message for message in told if message.role == "user"), told[0])
    asked.content.append({"type": "image", "image": image})


def _write(sample: Sample, told: Sequence[Told], loaded: Media) -> None:
    """Turns of the messages; the first is the system prompt where it says so."""
    unexpanded = {kind: word for kind, word in UNEXPANDED.items() if not loaded[kind]}
    for message in told:
        _check(message)
        content = message.written(shielded, unexpanded)
        if message.literal:
            sample.note("placeholder-is-text", message.index, message.literal)
        if message.calls:
            sample.note("calls-not-written", message.index, "")
        if message.role == "system" and message is told[0]:
            if message.pads:
                raise UnreadError("media in a system prompt are not reproduced")
            sample.system, sample.system_turn = content.replace(SHIELD, ""), message.index
            continue
        if message.role not in _ROLES:
            sample.objects[ROLES][message.index] = message.role
            sample.note("role-not-learned", message.index, message.role)
        words = (BARE,) if any(message.count(kind) for kind in unexpanded) else ()
        sample.turns.append(Turn(message.index, _ROLES.get(message.role, "observation"), content, words=words))
    for kind, items in loaded.items():
        if items:
            _match(kind, len(items), told)


def _match(kind: MediaKind, media: int, told: Sequence[Told]) -> None:
    """Raise Stop where there are more or fewer places for media of a kind than are loaded: the processor stops at more,
    the model at fewer.
    """
    shown = sum(message.count(kind) for message in told)
    literal = sum(message.text.count(PAD_TOKENS[kind]) for message in told)
    if literal and shown + literal == media:
        raise UnreadError(f"pads in a text that take the place of {kind} parts are not reproduced")
    if shown + literal != media:
        said = f"{shown + literal} places for {kind}s, {media} loaded"
        raise Stop("parts-mismatch", StopIteration(said) if shown + literal > media else ValueError(said))


def _check(message: Told) -> None:
    """Raise UnreadError for texts that are not reproduced."""
    text = message.text
    if "<" not in text and SHIELD not in text:
        return
    if SHIELD in text:
        raise UnreadError("the text holds U+FDD0, which no text should")
    if _ANSWER in text:
        raise UnreadError(f"turn {message.index} holds the header of an answer, behind which one may be found")
    if message.role == "assistant" and _END in text:
        raise UnreadError(f"{_END} in an answer, at which learning ends, is not reproduced")
    if _PADDING in text:
        raise UnreadError(f"{_PADDING} in a text, which is never learned, is not reproduced")


def _references(images: Sequence[Any]) -> list[MediaReference]:
    """The image of the column is opened by Pillow and turned as its EXIF block says, those within messages are not."""
    made = shown_images([item.image if isinstance(item, OfColumn) else item for item in images])
    for place, item in enumerate(images):
        if isinstance(item, OfColumn) and isinstance(path := item.image, str):
            made[place] = MediaReference("image", place, path[:SHOWN], path, "path", decoded=True, below_root=True)
    return made
