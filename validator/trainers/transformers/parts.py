"""Contents of messages as TRL and transformers take them: parts, the images that they hold, and those of a column.

Source: TRL 1.16 `data_utils.py` (`prepare_multimodal_messages`); transformers 5.24 `processing_utils.py`
(`_normalize_conversations`, `_multimodal_inputs_from_conversations`), `image_utils.py` (`load_image`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import Any

from validator.catalog.schema import StoredImage
from validator.conversation.media_paths import SHOWN
from validator.conversation.sample import PLACEHOLDERS, MediaKind, MediaReference, Problem, UnreadError
from validator.tokens.template import PAD_TOKENS

_KEYS: dict[MediaKind, tuple[str, ...]] = {
    "image": ("image", "url", "path", "base64"),
    "video": ("video", "url", "path"),
}
"""Keys of a part under which transformers looks for the medium: each that is there is one."""
PLAIN = frozenset(("type", "text"))
"""The keys of a part that is text and nothing else."""
LONGEST_PATH = 255
"""Characters above which a name without a file behind it may be an image in base64."""


class Stop(Exception):  # noqa: N818  # it is TRL that stops
    """TRL stops at the row with `cause`; `kind` and `turn` say at what. `of_template`: under a template that writes
    media in answers.
    """

    def __init__(self, kind: str, cause: Exception, turn: int | None = None, *, of_template: bool = False) -> None:
        super().__init__(str(cause))
        self.kind, self.cause, self.turn, self.of_template = kind, cause, turn, of_template


class ShownMedium(Enum):
    """A medium among the pieces of a message."""

    IMAGE = "image"
    VIDEO = "video"


@dataclass(slots=True)
class Told:
    """A message. `calls`: its tool_calls. `pieces`: what the template writes of it, texts and media. `captioned`: a
    part with a medium has a text too, which a template that does not write the medium may write. `odd`: a part is
    neither text nor a medium. `thought`: the reasoning_content of an answer.
    """

    index: int
    role: str
    content: Any
    calls: Any = None
    pieces: list[str | ShownMedium] = field(default_factory=list)
    captioned: bool = False
    odd: bool = False
    thought: str | None = None

    @property
    def plain(self) -> str | None:
        """The content where it is one text, as most are."""
        only = self.pieces[0] if len(self.pieces) == 1 else None
        return only if isinstance(only, str) else None

    @property
    def text(self) -> str:
        """The texts alone."""
        if (plain := self.plain) is not None:
            return plain
        return "".join(piece for piece in self.pieces if isinstance(piece, str))

    @property
    def pads(self) -> int:
        """The number of media."""
        return 0 if self.plain is not None else sum(isinstance(piece, ShownMedium) for piece in self.pieces)

    @property
    def literal(self) -> str:
        """The first placeholder that stands in the text."""
        text = self.text
        return next((word for word in PLACEHOLDERS.values() if word in text), "") if "<" in text else ""

    def count(self, kind: MediaKind) -> int:
        """The number of media of a kind."""
        return (
            0
            if self.plain is not None
            else sum(isinstance(piece, ShownMedium) and piece.value == kind for piece in self.pieces)
        )

    def written(self, shielded: Callable[[str], str], bare: Mapping[MediaKind, str] | None = None) -> str:
        """The content with a placeholder for each medium, or with what is put for those of a kind that is `bare`."""
        if (plain := self.plain) is not None:
            return shielded(plain)
        made = ""
        for is_text, some in groupby(self.pieces, key=lambda piece: isinstance(piece, str)):
            if is_text:  # a text may be split within a placeholder
                made += shielded("".join(piece for piece in some if isinstance(piece, str)))
            else:
                words = {**PLACEHOLDERS, **(bare or {})}
                made += "".join(words[piece.value] for piece in some if isinstance(piece, ShownMedium))
        return made


Media = dict[MediaKind, list[Any]]
"""What is loaded, in its order, by kind."""


def prepared(told: Sequence[Told], images: Any, *, inline: bool = True) -> Media:
    """Fill in the pieces of messages; the media in their order. `images` are those of the column, `inline`: media
    within parts are loaded. Raises Stop and UnreadError.
    """
    given = _given(images)
    if not given and all(isinstance(message.content, str) for message in told):  # most rows without media
        for message in told:
            message.pieces.append(message.content)
        return {"image": [], "video": []}
    parts = [_parts(message) for message in told]
    first = next((place for place, message in enumerate(told) if _is_asked(message)), None)
    if first is not None:
        parts[first] = [{"type": "image"} for _ in given] + parts[first]
    wanted = [
        part
        for message, of_message in zip(told, parts, strict=True)
        for part in of_message
        if message.role != "tool" and part["type"] == "image" and "image" not in part
    ]
    if len(wanted) != len(given):
        text = f"Number of images provided ({len(given)}) does not match number of image placeholders ({len(wanted)})."
        raise Stop("parts-mismatch", ValueError(text))
    for part, image in zip(wanted, given, strict=True):
        part["image"] = image
    loaded: dict[MediaKind, list[list[Any]]] = {"image": [], "video": []}
    for message, of_message in zip(told, parts, strict=True):
        for part in of_message:
            _write(message, part, loaded)
    answers = any(message.pads for message in told if message.role == "assistant")
    named: Media = {"image": given, "video": []}
    return {kind: _matched(kind, loaded[kind], None if inline else named[kind], answers=answers) for kind in loaded}


def _is_asked(message: Told) -> bool:
    """Before the first question as text stand the images of the column."""
    return message.role == "user" and isinstance(message.content, str)


def _given(images: Any) -> list[Any]:
    """The images of the column."""
    if not images:
        return []
    if isinstance(images, str):
        raise Stop("media-type", ValueError(f"Incorrect image source: each character of `{images[:40]}` is taken"))
    if not isinstance(images, list):
        raise UnreadError("a column of images that holds no lists is not reproduced")
    return images


def _parts(message: Told) -> list[dict[str, Any]]:
    """The parts of a content, copied. Raises Stop."""
    content = message.content
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise Stop("content-type", TypeError(f"{type(content).__name__!r} object is not iterable"), message.index)
    made = []
    for part in content:
        if not isinstance(part, dict):
            raise Stop("content-type", TypeError("string indices must be integers, not 'str'"), message.index)
        if "type" not in part:
            raise Stop("content-type", KeyError("type"), message.index)
        made.append(dict(part))
    return made


def _write(message: Told, part: dict[str, Any], loaded: Mapping[MediaKind, list[list[Any]]]) -> None:
    """Append what the template writes of a part, and what is loaded for it."""
    kind = part["type"]
    if kind == "text" and part.keys() == PLAIN and isinstance(part["text"], str):  # most parts
        message.pieces.append(part["text"])
        return
    if kind == "image_url" and "image_url" in part:
        url = part["image_url"]
        part = {"type": "image", "url": url.get("url", "") if isinstance(url, dict) else url}
        kind = "image"
    shown = _shown(kind, part)
    if kind == "audio" or (shown is not None and kind in _KEYS and shown.value != kind):
        raise UnreadError("audio, and parts of one kind with a key for another, are not reproduced")
    if shown is not None:
        message.pieces.append(shown)
        message.captioned = message.captioned or "text" in part
        loaded[shown.value].append([part[key] for key in _KEYS[shown.value] if key in part] if kind in _KEYS else [])
    elif "text" in part:
        text = part["text"]
        if not isinstance(text, str | int | float | None):
            raise UnreadError(f"the text of a part of turn {message.index} is something else")
        message.pieces.append(str(text))
    else:
        message.odd = True


def _shown(kind: Any, part: Mapping[str, Any]) -> ShownMedium | None:
    """What the template takes a part for, by its type or its keys; None: for text."""
    if kind == "image" or "image" in part or "image_url" in part:
        return ShownMedium.IMAGE
    return ShownMedium.VIDEO if kind == "video" or "video" in part else None


def _matched(kind: MediaKind, loaded: list[list[Any]], given: list[Any] | None, *, answers: bool) -> list[Any]:
    """A medium of a kind for each that the template writes, some in `answers`: those that are `given` alone, or those
    within parts. Raises Stop where there are more or fewer.
    """
    found = [item for items in loaded for item in items] if given is None else given
    pad = PAD_TOKENS[kind]
    if not any(item is not None for item in found):
        if loaded:
            text = f"Found {len(loaded)} {pad} tokens in the text but no {kind}s were passed."
            raise Stop("parts-mismatch", ValueError(text), of_template=answers)
        return []
    if len(found) != len(loaded):
        text = f"The total number of {pad} tokens in the prompts should be the same as the number of {kind}s "
        text += f"passed. Found total {len(loaded)} {pad} tokens and {len(found)} {kind}s."
        raise Stop("parts-mismatch", ValueError(text), of_template=answers)
    if given is None and any(len(items) != 1 for items in loaded):
        raise UnreadError(f"a part names two {kind}s, and another none")
    return found


def shown_videos(videos: Sequence[Any]) -> list[MediaReference]:
    """References to what transformers loads. Raises UnreadError for what is not opened here."""
    made = []
    for index, item in enumerate(videos):
        if not isinstance(item, str) or item.startswith(("http://", "https://")) or "youtube.com" in item[:40]:
            raise UnreadError(f"video {index} is a URL, a list of frames, or something else than a path")
        made.append(MediaReference("video", index, item[:SHOWN], item, "path", below_root=True))
    return made


def shown_images(images: Sequence[Any]) -> list[MediaReference]:
    """References to what transformers loads. Raises UnreadError for what is not opened here."""
    return [_reference(index, image) for index, image in enumerate(images)]


def _reference(index: int, item: Any) -> MediaReference:
    if isinstance(item, StoredImage):
        if item.data is not None:
            shown = item.path[:SHOWN] if item.path else f"<{len(item.data):,} bytes in the row>"
            return MediaReference("image", index, shown, None, "value", data=item.data, decoded=True)
        if item.path is not None:
            return MediaReference("image", index, item.path[:SHOWN], item.path, "path", decoded=True)
    if isinstance(item, str) and not item.startswith(("http://", "https://", "data:")) and len(item) <= LONGEST_PATH:
        return MediaReference("image", index, item[:SHOWN], item, "path", below_root=True)
    if isinstance(item, str):
        raise UnreadError(f"image {index} is a URL or stands in the row as base64, which is not opened here")
    text = f"only a single or a list of entries is supported but got type={type(item)}"
    problem = Problem("media-type", None, index, "TypeError", text)
    return MediaReference("image", index, repr(item)[:SHOWN], None, "value", problem)
