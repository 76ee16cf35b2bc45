"""Rows -> samples as ms-swift's template takes them: media tags are completed, messages of one role joined.

Source: ms-swift 4.6.0 `template/template_inputs.py`, `template/base.py` (`_preprocess_inputs`, `_swift_prepare_inputs`,
`_swift_encode`), `agent_template/hermes.py`. Nothing stops it: a row that fails is left out, so all faults are of one
kind of consequence.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Sequence
from typing import Any

from validator.catalog.entry import Entry
from validator.catalog.schema import StoredImage
from validator.conversation.media_paths import SHOWN, form_of
from validator.conversation.sample import PLACEHOLDERS, MediaKind, MediaReference, Problem, Sample, UnreadError
from validator.storage.media_files import MediaFiles
from validator.tokens.template import PAD_TOKENS
from validator.trainers.layout import ANSWERS
from validator.trainers.ms_swift.rows import FaultError, Loaded, faults, load, parsed
from validator.trainers.ms_swift.turns import CALLS, joined, turns_of

_KINDS: tuple[MediaKind, ...] = ("image", "audio", "video")
_MARK = re.compile("<ref-object>|<bbox>")
_OBJECTS = {"<ref-object>": "ref", "<bbox>": "bbox"}
"""What stands for the objects of a row in its text, and their key."""
_OPTIONS = (
    "fps", "nframes", "min_frames", "max_frames", "min_pixels", "max_pixels", "total_pixels", "resized_height",
    "resized_width", "video_start", "video_end", "sample_fps", "raw_fps",
)  # fmt: skip
"""What qwen-vl-utils reads of a part with a medium, and ms-swift leaves out."""
LONGEST_PATH = 255
"""Characters above which a name without a file behind it may be an image in base64."""


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
    """Convert one row (as seen through `WholeRow`). Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    try:
        loaded = load(row, entry)
        if loaded is None:
            sample.drop("no-turns", None, "it has no messages")
            return sample
        with faults("message-type"):
            _take(sample, loaded, files)
    except UnreadError as error:
        sample.unchecked = str(error)
    except FaultError as fault:
        sample.fail(fault.kind, fault.cause)
    return sample


def _take(sample: Sample, loaded: Loaded, files: MediaFiles) -> None:
    messages = loaded.messages
    for message, place in zip(messages, loaded.places, strict=True):
        message["place"] = place
    if loaded.tools:
        with faults("tools-json"):
            tools = [_parsed(tool) for tool in loaded.tools]
        sample.tools = json.dumps(tools, ensure_ascii=False)
    if messages[0]["role"] == "system":
        sample.system, sample.system_turn = messages[0]["content"], messages[0]["place"]
        messages = messages[1:]
    found = _written_out(sample, messages)
    images = _media(loaded.images, found["image"])
    references: dict[MediaKind, list[MediaReference]] = {
        "image": [_image(index, item) for index, item in enumerate(images)],
        "video": [_video(sample, index, item) for index, item in enumerate(_media(loaded.videos, found["video"]))],
        "audio": [
            MediaReference("audio", index, str(item)[:SHOWN], None, "value")
            for index, item in enumerate(_media(loaded.audios, []))
        ],
    }
    sample.media = {kind: of_kind for kind, of_kind in references.items() if of_kind}
    if loaded.kwargs and (sample.media or "preserve_thinking" in loaded.kwargs):
        raise UnreadError("chat_template_kwargs of a row, by which its media are resized, are not reproduced")
    sample.objects = loaded.objects
    if not images and any(_has_img(message["content"]) for message in messages):
        raise UnreadError("paths within <img> tags are not read")
    if not messages:
        raise IndexError("list index out of range")
    if messages[-1]["role"] == "user":
        messages[-1]["content"] = messages[-1]["content"].removesuffix("<start-image>")
    if not isinstance(sample.system, str | None):
        if sample.system:
            raise AssertionError(f"new_str: {sample.system}")
        sample.system = ""
    _complete_tags(sample, messages)
    sample.messages = messages
    sample.turns = turns_of(joined(messages, CALLS))
    _count_marks(sample)


def _has_img(text: str) -> bool:
    """Whether `<img>(.+?)</img>` is found: on one line, with something between. Only its first tag can matter."""
    for line in text.split("\n") if "</img>" in text else ():
        place = line.find("<img>")
        if place >= 0 and line.find("</img>", place + len("<img>") + 1) >= 0:
            return True
    return False


def _parsed(tool: Any) -> Any:
    """A tool as an object. Raises AssertionError where it is none."""
    tool = parsed(tool)
    if not isinstance(tool, dict):
        raise AssertionError(f"tool: {tool}")
    return tool if "type" in tool or "function" in tool else {"type": "function", "function": tool}


def _written_out(sample: Sample, messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Contents in parts become text with tags; what the parts hold is returned."""
    found: dict[str, list[Any]] = {"image": [], "audio": [], "video": []}
    for message in messages:
        if message["role"] == "tool_response":
            message["role"] = "tool"
        content = message["content"]
        if message["role"] in ("tool_call", "tool") and not isinstance(content, str):
            message["content"] = content = json.dumps(content, ensure_ascii=False)
        if isinstance(content, str):
            continue
        if isinstance(content, list) and content and isinstance(content[0], int):
            raise UnreadError("contents as token ids are not read")
        if isinstance(content, dict) and "token_ids" in content:
            raise UnreadError("contents as token ids are not read")
        text = ""
        for part in content:
            key = part["type"]
            value = part.get(key)
            if key == "text":
                text += value
                continue
            if said := [name for name in _OPTIONS if part.get(name) is not None]:
                sample.note("options-unread", message["place"], ", ".join(said))
            key = key.removesuffix("_url")
            text += f"<{key}>"
            value = value["url"] if isinstance(value, dict) else value
            if value:
                found[key].append(value)
        message["content"] = text
    return found


def _media(column: Any, within: list[Any]) -> list[Any]:
    """The media of one kind, of the column or of the messages but not of both."""
    if within:
        if column:
            raise AssertionError(f"media in a column and in messages: {column}")
        return within
    items = column or []
    if not isinstance(items, list):
        raise UnreadError("a media column that is no list is not read")
    return items


def _image(index: int, item: Any) -> MediaReference:
    if isinstance(item, StoredImage):
        item = {"bytes": item.data, "path": item.path}
    if isinstance(item, dict):
        if set(item) - {"bytes", "path"}:
            raise UnreadError("images that are objects with other keys than bytes and path are not read")
        item = item.get("bytes") or item.get("path")
    if item is None:
        problem = Problem("media-type", None, index, "AttributeError", "'NoneType' object has no attribute 'mode'")
        return MediaReference("image", index, "None", None, "value", problem)
    if isinstance(item, bytes):
        return MediaReference("image", index, f"<{len(item):,} bytes in the row>", None, "value", data=item)
    if not isinstance(item, str):
        raise UnreadError("images that are neither paths nor objects are not read")
    return _file("image", index, item)


def _video(sample: Sample, index: int, item: Any) -> MediaReference:
    if isinstance(item, list):
        return _frames(sample, index, item)
    if isinstance(item, StoredImage) or (isinstance(item, dict) and "bytes" in item):  # what decodes it is not known
        raise UnreadError("videos that stand in the row itself are not opened here")
    if not isinstance(item, str):
        problem = Problem("media-type", None, index, "AssertionError", "")
        return MediaReference("video", index, str(item)[:SHOWN], None, "value", problem)
    return _file("video", index, item)


def _frames(sample: Sample, index: int, item: list[Any]) -> MediaReference:
    """A video as a list of images, whose paths are opened as they are: ROOT_IMAGE_DIR holds for others alone."""
    if any(isinstance(frame, dict | StoredImage) for frame in item):
        raise UnreadError("frames that stand in the row itself are not opened here")
    shown = str(item)[:SHOWN]
    if wrong := [frame for frame in item if not isinstance(frame, str)]:
        error = f"{type(wrong[0]).__name__!r} object has no attribute 'startswith'"
        problem = Problem("media-type", None, index, "AttributeError", error)
        return MediaReference("video", index, shown, None, "value", problem)
    if any(form_of(frame) != "path" for frame in item):
        raise UnreadError(f"frames of video {index} are URLs or stand in the row itself, which are not opened here")
    if item and not all(map(os.path.isabs, item)):
        sample.note("frames-elsewhere", None, f"{index}")
    return MediaReference("video", index, shown, None, "path", frames=tuple(item), below_root=True)


def _file(kind: MediaKind, index: int, item: str) -> MediaReference:
    path = item.strip()
    if form_of(path) != "path" or path.startswith("http") or _is_encoded(path):
        raise UnreadError(f"{kind} {index} is a URL or stands in the row itself, which is not opened here")
    return MediaReference(kind, index, item[:SHOWN], path, "path", below_root=True)


def _is_encoded(path: str) -> bool:
    if len(path) <= LONGEST_PATH:
        return False
    try:
        base64.b64decode(path[: len(path) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _complete_tags(sample: Sample, messages: list[dict[str, Any]]) -> None:
    """Tags that are missing are put before the first message; surplus ones stay text."""
    if not (sample.media or sample.objects):
        return
    texts = [message["content"] for message in messages]
    written = "\n".join([sample.system, *texts] if sample.system else texts)
    for kind in _KINDS:
        missing = len(sample.media.get(kind, ())) - written.count(f"<{kind}>")
        if missing > 0:
            messages[0]["content"] = f"<{kind}>" * missing + messages[0]["content"]
            sample.note("tags-added", messages[0]["place"], f"{missing}")
        elif missing < 0 and sample.media.get(kind):
            sample.note("tags-left", None, f"{-missing}")


def check_media(sample: Sample, *, timed: bool) -> None:
    """Raise UnreadError where what the trainer makes of the media of a row is not reproduced. `timed`: the model is
    told when the frames of videos are shown.
    """
    if not sample.media:
        return
    texts = [sample.system or "", *(turn.content for turn in sample.turns)]
    for kind in PAD_TOKENS:
        tags = sum(text.count(PLACEHOLDERS[kind]) for text in texts)
        if tags < len(sample.media.get(kind, ())):
            raise UnreadError(f"a <{kind}> is lost with what it stood in, and its file is fed as it is")
    if timed and (left := len(sample.media.get("video", ()))):
        if any(PAD_TOKENS["video"] in text for text in (*texts, sample.tools or "")):
            raise UnreadError("<|video_pad|> in a text takes the place of a video's frames, which is not reproduced")
        roles = ("system", *(turn.role for turn in sample.turns))
        for role, text in zip(roles, texts, strict=True):
            tags = text.count(PLACEHOLDERS["video"])
            if role in ANSWERS and min(tags, left) > 0:
                raise UnreadError("videos in answers are not reproduced for a model that is told the times of frames")
            left -= tags


def _count_marks(sample: Sample) -> None:
    """Compare the marks of a row that has objects with these. A mark takes the next object of its kind, in the order of
    the text; surplus marks stay text, surplus objects are not used.
    """
    if not sample.objects:
        return
    texts = [(sample.system_turn, sample.system or ""), *((turn.index, turn.content) for turn in sample.turns)]
    for mark, key in _OBJECTS.items():
        places = [place for place, text in texts for _ in range(text.count(mark))]
        given = len(sample.objects.get(key) or [])
        if len(places) > given:
            sample.note("marks-left", places[given], f"{len(places) - given} {mark}")
        elif len(places) < given:
            sample.note("objects-unused", None, f"{given - len(places)} {key}")


def write_objects(sample: Sample, sizes: Sequence[tuple[int, int]]) -> None:
    """Fill in the references and boxes of a row whose images have some sizes (width, height): boxes in thousandths of
    their image. Raises what the trainer raises, and UnreadError.
    """
    objects = sample.objects
    refs = iter([f"<|object_ref_start|>{ref}<|object_ref_end|>" for ref in objects.get("ref") or []])
    boxes = objects.get("bbox") or []
    if not sizes and boxes:
        raise UnreadError("boxes without an image are not reproduced")
    of_image: list[int] = [*(objects.get("image_id") or [])]
    of_image += [0] * (len(boxes) - len(of_image))
    written = []
    for box, image in zip(boxes, of_image, strict=False):
        width, height = (1, 1) if objects.get("bbox_type") == "norm1" else sizes[image]
        pairs = zip(box[::2], box[1::2], strict=False)
        points = [f"({round(x / width * 1000)},{round(y / height * 1000)})" for x, y in pairs]
        written.append(f"<|box_start|>{','.join(points)}<|box_end|>")
    marks = {"<ref-object>": refs, "<bbox>": iter(written)}

    def fill(match: re.Match[str]) -> str:
        return next(marks[match[0]], match[0])

    if isinstance(sample.system, str):
        sample.system = _MARK.sub(fill, sample.system)
    for turn in sample.turns:
        turn.content = _MARK.sub(fill, turn.content)
