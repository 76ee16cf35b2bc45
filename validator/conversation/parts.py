"""Messages whose content is a list of parts, as chat APIs write them: what they say in text with placeholders.

Forms: `{"type": "text", "text": ...}`, `{"type": "image_url", "image_url": {"url": ...}}`, `{"type": "image", "image":
...}` and their like for videos, and Qwen's `{"text": ...}`, `{"image": ...}`, `{"video": ...}`. An image without a
value is one that stands in the column of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.arrow_types import PARTS, is_list_of_parts
from validator.catalog.entry import Entry
from validator.catalog.survey import Refusal, Survey
from validator.conversation.sample import PLACEHOLDERS, MediaKind

ADVICE = (
    "Write text with <image> where the picture stands and list the paths in an images column that `columns` names; "
    "`mmvalidate export --fix` does so."
)
AMONG_TEXT = "among text"
"""Said of parts in a file whose loader refuses it because other contents are text."""
_MEDIA: tuple[MediaKind, ...] = ("image", "video")
_SHOWN = ("url", "path")
_INNER = frozenset(("image", "image_url", "video"))
"""Keys by which a template takes a part for a medium, whatever its type is."""


@dataclass(slots=True)
class WrittenParts:
    """Parts as text. `media` are what the parts name, `standing` the kinds of those that name nothing, in order."""

    text: str = ""
    media: list[tuple[MediaKind, str]] = field(default_factory=list)
    standing: list[MediaKind] = field(default_factory=list)


def are_parts(content: Any) -> bool:
    """Whether a content is a list of parts."""
    return isinstance(content, list) and all(isinstance(part, dict | str) for part in content)


def written(parts: Sequence[Any]) -> WrittenParts | None:
    """Parts as text with placeholders; None where that could be done in two ways, or something would be lost: texts
    side by side, which may be one line or two, placeholders within text, parts of another kind, or with sizes of their
    own.
    """
    made, after_text = WrittenParts(), False
    for part in parts:
        kind, value = _read(part)
        if kind == "text" and isinstance(value, str):
            if after_text:
                return None
            made.text += value
            after_text = True
            continue
        after_text = False
        if kind not in _MEDIA or not isinstance(value, str | None):
            return None
        made.text += PLACEHOLDERS[kind]
        if value is None:
            made.standing.append(kind)
        else:
            made.media.append((kind, value))
    return made


def as_templated(parts: Sequence[Any], *, shows: bool) -> str | None:
    """Parts as the chat template of Qwen writes them, with placeholders where the turn `shows` media; None where that
    is not known: images within the parts themselves, placeholders within text, parts of another kind.

    Source: TRL 1.16 `data_utils.py`, `prepare_multimodal_messages`, and its `chat_templates/qwen2_5_vl.jinja`.
    """
    text = ""
    for part in parts:
        if not isinstance(part, dict) or not _INNER.isdisjoint(part):
            return None
        kind, words = part.get("type"), part.get("text")
        if kind == "text" and isinstance(words, str) and not any(map(words.__contains__, PLACEHOLDERS.values())):
            text += words
        elif kind == "image" and shows:
            text += PLACEHOLDERS[kind]
        else:
            return None
    return text


def _read(part: Any) -> tuple[Any, Any]:
    """Kind and value of a part; a kind of None where it is not understood."""
    if isinstance(part, str):
        return "text", part
    given = {key: value for key, value in part.items() if value is not None}  # Arrow gives each part the keys of all
    said = given.pop("type", None)
    if len(given) > 1 or not isinstance(said, str | None) or not (given or said):
        return None, None
    key, value = next(iter(given.items()), (said or "", None))
    kind = (said or key).removesuffix("_url")
    if key != said and key not in (kind, *(_SHOWN if kind in _MEDIA else ())):
        return None, None
    if isinstance(value, dict):
        if kind not in _MEDIA or value.keys() - {"url", "detail"}:
            return None, None
        value = value.get("url", "")
    return kind, value


def path_of(entry: Entry) -> str:
    """Where the contents of an entry's messages stand in its rows: `messages[].content`."""
    return f"{entry.columns['messages']}[].{entry.tags['content_tag']}"


def is_of_parts(refusal: Refusal, entry: Entry) -> bool:
    """Whether the loader refuses a row because some contents are text and some are parts."""
    words = refusal.reason.partition(f"`{path_of(entry)}` ")[2]
    return PARTS in words and "a string" in words


def hold_parts(entry: Entry, survey: Survey) -> bool:
    """Whether the messages of a file have their contents in parts, all of them or some."""
    if entry.formatting not in ("sharegpt", "openai"):
        return False
    if any(is_of_parts(refusal, entry) for refusal in survey.refusals):
        return True
    messages = survey.types.get(entry.columns["messages"] or "", pa.null())
    message = messages.value_type if t.is_list(messages) else None
    contents = [field.type for field in message or () if field.name == entry.tags["content_tag"]]
    return any(map(is_list_of_parts, contents))
