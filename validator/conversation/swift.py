"""Rows -> samples as ms-swift's template takes them: media tags are completed, messages of one role joined.

Source: ms-swift 4.6.0 `template/template_inputs.py`, `template/base.py` (`_preprocess_inputs`, `_swift_prepare_inputs`,
`_swift_encode`), `agent_template/hermes.py`. Nothing stops it: a row that fails is left out, so all faults are of one
kind of consequence.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from typing import Any

from validator.catalog.entry import Entry
from validator.catalog.schema import StoredImage
from validator.conversation.media_paths import SHOWN, form_of
from validator.conversation.sample import MediaKind, MediaReference, Problem, Sample, Turn
from validator.conversation.swift_rows import FaultError, Loaded, UnreadError, faults, load
from validator.files import MediaFiles
from validator.trainer import Trainer

_STOPS = ("<|endoftext|>", "<|im_end|>")
_KINDS: tuple[MediaKind, ...] = ("image", "audio", "video")
_ACTION = ("Action:", "Action Input:")
_IMG = re.compile(r"<img>(.+?)</img>")
_MARK = re.compile("<ref-object>|<bbox>")
LONGEST_PATH = 255
"""Characters above which a name without a file behind it may be an image in base64."""


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: Trainer) -> Sample:
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
    messages = [{**message, "place": place} for message, place in zip(loaded.messages, loaded.places, strict=True)]
    with faults("tools-json"):
        tools = [_parsed(tool) for tool in loaded.tools]
    sample.tools = json.dumps(tools, ensure_ascii=False) if tools else None
    if messages[0]["role"] == "system":
        sample.system, sample.system_turn = messages[0]["content"], messages[0]["place"]
        messages = messages[1:]
    found = _written_out(messages)
    images = _media(loaded.images, found["image"])
    _take_images(sample, images, files)
    for kind, items in (("video", _media(loaded.videos, found["video"])), ("audio", _media(loaded.audios, []))):
        if items:
            sample.media[kind] = [  # type: ignore[index]
                MediaReference(kind, index, str(item)[:SHOWN], None, "value")  # type: ignore[arg-type]
                for index, item in enumerate(items)
            ]
    if sample.media.get("video"):
        raise UnreadError("videos are not reproduced under this trainer profile")
    sample.objects = loaded.objects
    if not images and any(_IMG.search(message["content"]) for message in messages):
        raise UnreadError("paths within <img> tags are not read")
    if not messages:
        raise IndexError("list index out of range")
    if messages[-1]["role"] == "user":
        messages[-1]["content"] = messages[-1]["content"].removesuffix("<start-image>")
    if not isinstance(sample.system, str | None):
        assert not sample.system, f"new_str: {sample.system}"
        sample.system = ""
    _complete_tags(sample, messages)
    sample.turns = _turns(_joined(messages))


def _parsed(tool: Any) -> Any:
    """A tool as an object. Raises AssertionError where it is none."""
    if isinstance(tool, str):
        try:
            tool = json.loads(tool)
        except json.JSONDecodeError:
            try:
                tool = ast.literal_eval(tool)
            except Exception:
                tool = None
    assert isinstance(tool, dict), f"tool: {tool}"
    return tool if "type" in tool or "function" in tool else {"type": "function", "function": tool}


def _written_out(messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
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
        assert not column, f"media in a column and in messages: {column}"
        return within
    items = column or []
    if not isinstance(items, list):
        raise UnreadError("a media column that is no list is not read")
    return items


def _take_images(sample: Sample, items: list[Any], files: MediaFiles) -> None:
    references = [_reference(index, item, files) for index, item in enumerate(items)]
    if references:
        sample.media["image"] = references


def _reference(index: int, item: Any, files: MediaFiles) -> MediaReference:
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
    path = item.strip()
    if form_of(path) != "path" or path.startswith("http") or _is_encoded(path):
        raise UnreadError(f"image {index} is a URL or stands in the row itself, which is not opened here")
    return MediaReference("image", index, item[:SHOWN], files.resolve(path), "path")


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


def _joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls are written out, observations framed, neighbours of one role joined. An answer is a list of segments, each
    a text and its weight.
    """
    joined: list[dict[str, Any]] = []
    place = 0
    while place < len(messages):
        message = messages[place]
        role, content = message["role"], message["content"]
        stop = place + 1
        if role in ("tool_call", "tool"):
            while stop < len(messages) and messages[stop]["role"] == role:
                stop += 1
        run = messages[place:stop]
        if role == "tool_call":
            with faults("function-json"):
                content = "\n".join(f"<tool_call>\n{_call(call['content'])}\n</tool_call>" for call in run)
            role = "assistant"
        if role == "assistant":
            segment = (content, _weight(run))
            if joined and joined[-1]["role"] == "assistant":
                joined[-1]["segments"].append(segment)
            else:
                calls = message["role"] == "tool_call"
                joined.append({"role": role, "segments": [segment], "place": message["place"], "calls": calls})
        elif role == "tool":
            _add_observations(joined, run)
        elif role == "user" and joined and joined[-1]["role"] == "user":
            joined[-1]["content"] += content
        else:
            joined.append({"role": role, "content": content, "place": message["place"]})
        place = stop
    return joined


def _add_observations(joined: list[dict[str, Any]], run: list[dict[str, Any]]) -> None:
    text = "\n".join(f"<tool_response>\n{message['content']}\n</tool_response>" for message in run)
    before: dict[str, Any] = joined[-1] if joined else {"role": None}
    if before["role"] == "assistant":
        last = before["segments"][-1][0]
        if len(before["segments"]) == 1 and all(word in last for word in _ACTION):
            raise UnreadError("answers that call tools as ReAct does are not reproduced")
        joined.append({"role": "tool", "content": text, "place": run[0]["place"]})
    elif before["role"] == "user":
        before["content"] += f"<|im_end|>\n<|im_start|>user\n{text}"
    else:
        error = ValueError("A standalone tool message must follow a user message.")
        raise FaultError("role-unknown", error)


def _call(content: str) -> str:
    call = _literal(content)
    arguments = call.get("arguments")
    arguments = _literal(call.get("parameters") if arguments is None else arguments)
    assert arguments is not None, f"content: {content}"
    return json.dumps({"name": call["name"], "arguments": arguments}, ensure_ascii=False)


def _literal(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        try:
            return ast.literal_eval(text)
        except Exception:
            return None


def _weight(run: list[dict[str, Any]]) -> float:
    """The weight of an answer in the loss; of several calls the first word counts."""
    loss, scale = (next((message[key] for message in run if key in message), None) for key in ("loss", "loss_scale"))
    if not (loss or loss is None):
        return 0.0
    return 1.0 if scale is None else scale


def _turns(joined: list[dict[str, Any]]) -> list[Turn]:
    if joined and joined[0]["role"] == "assistant":
        joined.insert(0, {"role": "user", "content": "", "place": joined[0]["place"]})
    turns: list[Turn] = []
    for number, message in enumerate(joined):
        asking, pair = number % 2 == 0, number // 2
        with faults("role-unknown"):
            assert message["role"] in (("user", "tool") if asking else ("assistant",)), f"role: {message['role']}"
        if asking:
            turns.append(_question(message, pair))
        else:
            turns += _answer(message, last=number == len(joined) - 1)
    return turns


def _question(message: dict[str, Any], pair: int) -> Turn:
    """The template's own marks are filled in wherever they stand."""
    content = message["content"]
    if message["role"] == "tool":
        if "{{SYSTEM}}" in content:
            raise UnreadError("an observation holds {{SYSTEM}}, which is filled in")
        content = content.replace("{{QUERY}}", "")
    content = content.replace("{{ROUND0}}", str(pair)).replace("{{ROUND1}}", str(pair + 1))
    return Turn(message["place"], "observation" if message["role"] == "tool" else "user", content)


def _answer(message: dict[str, Any], *, last: bool) -> list[Turn]:
    """Segments of one weight are one turn; the end of the turn follows the last of them."""
    segments: list[list[Any]] = []
    for content, weight in message["segments"]:
        if segments and segments[-1][1] == weight:
            segments[-1][0] += content
        elif content or len(message["segments"]) == 1:
            segments.append([content, weight])
    segments = segments or [["", 1.0]]
    if len({weight > 0 for _, weight in segments}) > 1 and any("<|im_end|>" in text for text, _ in segments):
        raise UnreadError("an answer of which a part is not learned holds <|im_end|>")
    role = "function" if message["calls"] and len(message["segments"]) == 1 else "assistant"
    turns = [Turn(message["place"], role, text, weight > 0, ends=False) for text, weight in segments]
    written = message["segments"][-1][0]
    turns[-1].ends = not (last and written.endswith(_STOPS))
    return turns


def write_objects(sample: Sample, sizes: list[tuple[int, int]]) -> None:
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
