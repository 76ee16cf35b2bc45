"""Rows as unsloth's vision collator takes them: messages, or prompts and completions; images of a column before those
within messages.

Where no image is loaded, the tokens of image parts stay what the template writes: one pad each, and no picture is fed.
Source: unsloth_zoo 2026.10.9 `vision_utils.py`, transformers 5.17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from validator.catalog.schema import StoredImage
from validator.conversation.media_paths import SHOWN
from validator.conversation.sample import MediaKind, MediaReference, Problem, Sample, Turn, UnreadError
from validator.media.probe import probe_bytes, probe_image
from validator.settings import Integrity
from validator.storage.media_files import MediaFiles
from validator.trainers.layout import HEADS
from validator.trainers.transformers.latest import KEPT, ForTemplate
from validator.trainers.transformers.parts import LONGEST_PATH, Media, Stop, Told
from validator.trainers.transformers.template import APART, BARE, SHIELD, UNEXPANDED, shielded
from validator.trainers.unsloth.contents import fill

NAMES = frozenset(("messages", "conversations", "prompt", "completion", "images"))
"""Columns that unsloth's collator knows by name."""
TEXT_NAMES = NAMES - {"images"}
WITHIN = "within"
"""Among what is kept of a sample for later: its images stand within messages, and are rounded when they are loaded."""
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "tool": "observation"}
_KEPT = ("<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
"""Tokens that are never learned, and that are counted here only where a template writes them."""


def convert(row: Mapping[str, Any], files: MediaFiles, integrity: Integrity) -> Sample:
    """Convert one row (as seen through `WholeRow`). Faults become problems of the sample; nothing is raised but
    OSError where storage does not answer.
    """
    sample = Sample(objects={KEPT: ForTemplate()})
    try:
        if "prompt" in row and "completion" in row:
            _take_completion(sample, row, files, integrity)
        else:
            _take_messages(sample, row)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn, stage="encode" if stop.of_template else "convert")
    return sample


def _take_messages(sample: Sample, row: Mapping[str, Any]) -> None:
    name = next((name for name in ("messages", "conversations") if name in row), None)
    if name is None:
        raise Stop("column-missing", KeyError(0))
    told = _told(row[name])
    within = fill(told)
    column = row.get("images")
    loaded: Media = {**within} if column is None else {"image": _of_column(column)}  # no videos then
    if column is None and any(item is None for items in within.values() for item in items):
        raise Stop("parts-mismatch", ValueError("image, image_url or video should in content."))
    fed: Media = {kind: items for kind, items in loaded.items() if items}
    _write(sample, told, fed=fed)
    _note_bare(sample, told, fed)
    for kind, items in fed.items():
        _match(kind, len(items), told)
    _show(sample, fed, within=column is None)


def _note_bare(sample: Sample, told: Sequence[Told], fed: Media) -> None:
    """Note parts of a kind of which nothing is loaded."""
    for kind in UNEXPANDED:
        pads = sum(message.count(kind) for message in told)
        if pads and not fed.get(kind):
            sample.note("column-empty" if kind == "image" else "videos-not-loaded", None, f"{pads}")


def _take_completion(sample: Sample, row: Mapping[str, Any], files: MediaFiles, integrity: Integrity) -> None:
    """Images that cannot be loaded are logged, and the row goes on without any."""
    for name in ("prompt", "completion"):
        if not isinstance(row[name], list) or (row[name] and not isinstance(row[name][0], dict)):
            raise UnreadError(f"{name} is something else than a list of messages, which is not reproduced")
    prompt = _told(row["prompt"])
    completion = _told(row["completion"], len(prompt)) if row["completion"] else []
    within = fill(prompt)
    if any(fill(completion).values()):
        raise UnreadError("media in a completion are not reproduced")
    column = row.get("images")
    if within["video"] and not column:
        raise UnreadError("videos in a prompt are not reproduced")
    named = _of_column(column) if column else within["image"]
    lost = [] if column else [image for image in named if image is None]
    references = [] if lost else [_reference(index, image, turned=bool(column)) for index, image in enumerate(named)]
    broken = next((one for one in references if not _loads(one, files, integrity)), None)
    images = references if broken is None else []
    fed: Media = {"image": images} if images else {}
    _write(sample, [*prompt, *completion], fed=fed, completion=len(prompt))
    _mask_prompt(sample, len(prompt), completion)
    if broken is not None:
        sample.note("pictures-dropped", None, broken.written)
    else:
        _note_bare(sample, prompt, fed)
    if images:
        _match("image", len(images), prompt)
        sample.media["image"] = images
        if not column:
            sample.objects[WITHIN] = True


def _match(kind: MediaKind, media: int, told: Sequence[Told]) -> None:
    pads = sum(message.count(kind) for message in told)
    if pads != media:
        text = (
            f"{kind.title()} features and {kind} tokens do not match, tokens: {pads} {kind}s, features: {media} {kind}s"
        )
        answers = any(message.count(kind) for message in told if message.role == "assistant")
        raise Stop("parts-mismatch", ValueError(text), of_template=answers)


def _told(messages: Any, start: int = 0) -> list[Told]:
    """Messages with their roles. Raises Stop and UnreadError."""
    if messages is None:
        raise Stop("messages-null", TypeError("object of type 'NoneType' has no len()"))
    if not isinstance(messages, list):
        raise UnreadError("messages that are something else than a list are not reproduced")
    if not messages:
        raise Stop("message-type", IndexError("list index out of range"))
    told = []
    for index, message in enumerate(messages, start):
        if not isinstance(message, dict):
            if index == start:
                raise Stop("message-type", AssertionError(""), index)
            raise UnreadError(f"message {index} is something else than an object")
        if index == start and not {"role", "content"} & message.keys():
            text = "Unsloth: Failed to use vision data collator!\nMaybe use `standardize_data_formats` first!"
            raise Stop("message-type", TypeError(text), index)
        role, content = message.get("role"), message.get("content")
        if content is None and ("content" in message or index == start):
            raise Stop("content-type", TypeError("'NoneType' object is not iterable"), index)
        if not isinstance(role, str) or role not in _ROLES or "content" not in message:
            raise UnreadError(f"message {index} has a role that is not reproduced, or no content")
        told.append(Told(index, role, content, calls=message.get("tool_calls") or None))
    return told


def _of_column(column: Any) -> list[Any]:
    """The images of the column without its nulls."""
    if isinstance(column, str) and column:
        raise Stop("media-type", FileNotFoundError(f"each character of `{column[:40]}` is taken for an image"))
    if not isinstance(column, list):
        raise UnreadError("a column of images that holds something else than lists is not reproduced")
    return [image for image in column if image is not None]


def _write(sample: Sample, told: Sequence[Told], *, fed: Media, completion: int = 0) -> None:
    """Turns of the messages; the first is the system prompt where it says so. `fed`: kinds of which some are loaded;
    `completion`: the number of its first message, whose text is made a part, as that of the very first.
    """
    unexpanded = {kind: word for kind, word in UNEXPANDED.items() if kind not in fed}
    kept: ForTemplate = sample.objects[KEPT]
    for message in told:
        text = message.text
        if SHIELD in text or ("<|" in text and any(word in text for word in _KEPT)):
            raise UnreadError("the text holds tokens of vision, or U+FDD0, which are not reproduced here")
        if message.literal:
            sample.note("placeholder-is-text", message.index, message.literal)
        if message.calls:
            sample.note("calls-not-written", message.index, "")
            kept.calls[message.index] = message.calls, message.index in (0, completion) or bool(message.content)
        if message.pads and message.role in ("system", "tool"):
            raise UnreadError("images in a system prompt or a tool's reply are not reproduced")
        if message.role == "system" and message is told[0]:
            sample.system, sample.system_turn = text, message.index
            continue
        bare = message.plain is None and any(message.count(kind) for kind in unexpanded)
        kept.captioned |= message.role == "assistant" and (message.captioned or bare)
        content = message.written(shielded, unexpanded)
        sample.turns.append(Turn(message.index, _ROLES[message.role], content, words=(BARE,) if bare else ()))


def _mask_prompt(sample: Sample, prompt: int, completion: Sequence[Told]) -> None:
    """The prompt, with the header of an answer behind it, is not learned, and encoded apart from the completion."""
    for turn in sample.turns:
        turn.learned = turn.index >= prompt
    if not completion:
        return
    if not any(turn.index < prompt for turn in sample.turns):
        raise UnreadError("a prompt that is a system prompt alone is not reproduced")
    first = next(turn for turn in sample.turns if turn.index >= prompt)
    sample.objects[KEPT].first = first.index
    first.words = (APART,) if first.role == "assistant" else (HEADS[0],)


def _show(sample: Sample, fed: Media, *, within: bool) -> None:
    if fed.get("image"):
        sample.media["image"] = [_reference(index, item, turned=not within) for index, item in enumerate(fed["image"])]
        if within:
            sample.objects[WITHIN] = True
    if fed.get("video"):
        sample.media["video"] = [_film(index, item) for index, item in enumerate(fed["video"])]


def _film(index: int, item: Any) -> MediaReference:
    if not isinstance(item, str) or ":" in item[:16]:
        raise UnreadError(f"video {index} is a URL, a list of frames, or something else than a path")
    return MediaReference("video", index, item[:SHOWN], item, "path", below_root=True)


def _loads(reference: MediaReference, files: MediaFiles, integrity: Integrity) -> bool:
    """Whether an image can be loaded."""
    if reference.problem is not None:
        return False
    if reference.data is not None:
        return probe_bytes(reference.data, integrity).fault is None
    path = reference.target or ""
    return probe_image(files.resolve(path) if reference.below_root else path, integrity, files).fault is None


def _reference(index: int, item: Any, *, turned: bool) -> MediaReference:
    """`turned`: as its EXIF block says."""
    if isinstance(item, dict):
        item = item.get("bytes") or item.get("path")
    if isinstance(item, StoredImage) and (item.data is not None or item.path is not None):
        shown = item.path[:SHOWN] if item.path else f"<{len(item.data or b''):,} bytes in the row>"
        return MediaReference("image", index, shown, item.path, "value" if item.data else "path", data=item.data,
                              decoded=True)  # fmt: skip
    if isinstance(item, bytes):
        return MediaReference("image", index, f"<{len(item):,} bytes in the row>", None, "value", data=item,
                              decoded=turned)  # fmt: skip
    if isinstance(item, str):
        if item.startswith(("http://", "https://", "file://", "data:")) or len(item) > LONGEST_PATH:
            raise UnreadError(f"image {index} is a URL or stands in the row as base64, which is not opened here")
        return MediaReference("image", index, item[:SHOWN], item, "path", decoded=turned, below_root=True)
    problem = Problem("media-type", None, index, "ValueError", f"Unrecognized image input: {type(item).__name__}")
    return MediaReference("image", index, repr(item)[:SHOWN], None, "value", problem)
