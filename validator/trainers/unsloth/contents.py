"""Contents of messages as unsloth and the model's chat template take them. Source: unsloth_zoo 2026.10.9
`vision_utils.py`; transformers 5.17 `processing_utils.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from validator.conversation.sample import UnreadError
from validator.trainers.transformers.parts import PLAIN, Media, ShownMedium, Stop, Told

_SIZED = ("min_pixels", "max_pixels", "resized_height", "resized_width")
_SAMPLED = ("fps", "nframes", "min_frames", "max_frames", "total_pixels", "video_start", "video_end")


def fill(told: Sequence[Told]) -> Media:
    """Fill in the pieces of messages; what the parts of media hold, None where that is nothing that unsloth loads.
    Raises Stop and UnreadError.
    """
    media: Media = {"image": [], "video": []}
    for place, message in enumerate(told):
        content = message.content
        if isinstance(content, str):
            message.pieces.append(content)
            continue
        if not isinstance(content, list):
            if isinstance(content, dict) and place:
                raise UnreadError(f"the content of message {message.index} is an object, which is not reproduced")
            raise Stop("content-type", TypeError(f"{type(content).__name__!r} object is not iterable"), message.index)
        if not content and place == 0:
            raise Stop("content-type", IndexError("list index out of range"), message.index)
        for number, part in enumerate(content):
            _take(message, part, media, first=place == number == 0)
    return media


def _take(message: Told, part: Any, media: Media, *, first: bool) -> None:
    if not isinstance(part, dict):
        raise UnreadError(f"a part of message {message.index} is something else than an object")
    if "type" not in part and first:
        raise Stop("content-type", AssertionError(""), message.index)
    part = {key: value for key, value in part.items() if value is not None}  # Arrow gives each part the keys of all
    kind = part.get("type")
    if kind == "text" and part.keys() == PLAIN and isinstance(part["text"], str):  # most parts
        message.pieces.append(part["text"])
        return
    keys = {"image", "image_url", "video", "audio"} & part.keys()
    if kind in ("image", "video") and any(key in part for key in (*_SIZED, *_SAMPLED)):
        raise UnreadError(f"{kind} parts with sizes or times of their own are not reproduced")
    if kind == "image":
        message.pieces.append(ShownMedium.IMAGE)
        message.captioned = message.captioned or "text" in part
        media["image"].append(part.get("image"))
    elif kind == "video" and keys <= {"video"}:
        message.pieces.append(ShownMedium.VIDEO)
        message.captioned = message.captioned or "text" in part
        media["video"].append(part.get("video"))
    elif kind == "image_url" and "image_url" in part:  # the template makes an image part with a URL of it
        message.pieces.append(ShownMedium.IMAGE)
        media["image"].append(None)
    elif kind in ("video", "audio", "image_url") or keys:
        raise UnreadError("audio, and parts of one kind with a key for another, are not reproduced")
    elif kind is None:
        raise UnreadError(f"a part of message {message.index} has no type")
    elif "text" in part:
        if not isinstance(part["text"], str | int | float):
            raise UnreadError(f"the text of a part of message {message.index} is something else")
        message.pieces.append(str(part["text"]))
