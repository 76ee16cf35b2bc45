"""Parts of messages as transformers' `apply_chat_template` takes them, with what it loads for them.

Source: transformers 5.16.1 `processing_utils.py`; axolotl 0.19.0 `qwen2_vl.jinja`, `utils/dict.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from validator.conversation.sample import MediaKind, UnreadError
from validator.trainers.transformers.parts import PLAIN, Media, ShownMedium, Stop, Told

_KEYS: dict[MediaKind, tuple[str, ...]] = {
    "image": ("image", "url", "path", "base64"),
    "video": ("video", "url", "path"),
}


def is_bare(index: int, part: Any) -> bool:
    """Whether a part waits for an image: a key that is null is one. Raises Stop where it is no part at all."""
    if not isinstance(part, dict):
        raise Stop("content-type", TypeError("string indices must be integers, not 'str'"), index)
    if "type" not in part:
        raise Stop("content-type", KeyError("type"), index)
    return part["type"] == "image" and not any(key in part for key in _KEYS["image"])


def fill(told: Sequence[Told]) -> Media:
    """Fill in the pieces of messages; what is loaded. Raises Stop and UnreadError."""
    loaded: Media = {"image": [], "video": []}
    for message in told:
        for part in message.content:
            _take(message, part, loaded)
    return loaded


def _take(message: Told, part: Any, loaded: Media) -> None:
    is_bare(message.index, part)
    part = {key: value for key, value in part.items() if value is not None}
    kind = part.get("type")
    if kind == "text" and part.keys() == PLAIN and isinstance(part["text"], str):  # most parts
        message.pieces.append(part["text"])
        return
    if kind is None:
        raise Stop("content-type", KeyError("type"), message.index)
    if kind == "audio" or "audio" in part:
        raise UnreadError("audio is not reproduced")
    if kind == "image_url" and "image_url" in part:
        url = part["image_url"]
        part = {"type": "image", "url": (url.get("url") or "") if isinstance(url, dict) else url}
        kind = "image"
    if kind in _KEYS:
        loaded[kind] += [part[key] for key in _KEYS[kind] if key in part]
    if kind == "image" or "image" in part or "image_url" in part:
        message.pieces.append(ShownMedium.IMAGE)
    elif kind == "video" or "video" in part:
        message.pieces.append(ShownMedium.VIDEO)
    elif "text" in part:
        if not isinstance(part["text"], str | int | float):
            raise UnreadError(f"the text of a part of message {message.index} is something else")
        message.pieces.append(str(part["text"]))
