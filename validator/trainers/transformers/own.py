"""Rows as TRL's users have them: columns by their names, contents as text or in parts, images in columns or in parts.

A table with a column `image` or `images` is one of pictures: its rows reach the collator as they are. All others are
prepared before training, by the columns `conversations`, `prompt` and `completion`, or `messages`. Source: TRL 1.16
`sft_trainer.py` (`_prepare_dataset`, `DataCollatorForVisionLanguageModeling`), `data_utils.py`; transformers 5.24
`processing_utils.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validator.catalog.entry import OWN
from validator.conversation.sample import Sample, Turn, UnreadError
from validator.trainers.layout import HEADS
from validator.trainers.transformers.latest import KEPT, ForTemplate
from validator.trainers.transformers.layout import PREPARED
from validator.trainers.transformers.parts import Media, Stop, Told, prepared, shown_images, shown_videos
from validator.trainers.transformers.template import APART, SHIELD, shielded

NAMES = frozenset(("messages", "conversations", "prompt", "completion", "image", "images", "tools"))
"""Columns that TRL knows by name."""
TEXT_NAMES = frozenset(("messages", "conversations", "prompt", "completion", "text", "tools"))
HEAD = "head"
"""A word for an answer that is learned without its header, whose tokens are still to be counted."""
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "tool": "observation"}
_NOT_CONVERSATIONAL = (
    "You set `assistant_only_loss=True`, but the dataset is not conversational. This option is only supported for "
    "conversational datasets."
)
_NO_MESSAGES = "Unexpected input keys in examples: {}."


@dataclass(frozen=True, slots=True)
class Loss:
    """What SFTConfig says of labels; `completion_only` is None where the data decide."""

    assistant_only: bool = False
    completion_only: bool | None = None


def convert_own(row: Mapping[str, Any], loss: Loss) -> Sample:
    """Convert one row (as seen through `WholeRow`). Faults become problems of the sample; nothing is raised."""
    sample = Sample(objects={OWN: True, KEPT: ForTemplate()})
    try:
        _take(sample, row, loss)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn, stage="encode" if stop.of_template else "convert")
    return sample


def _take(sample: Sample, row: Mapping[str, Any], loss: Loss) -> None:
    pictures = "image" in row or "images" in row
    _take_tools(sample, row.get("tools"), pictures=pictures)
    told, completion = _messages(row, pictures=pictures, loss=loss)
    media = _pictured(row, told, completion) if pictures else _unpictured(row, [*told, *(completion or ())], loss)
    _write(sample, [*told, *(completion or ())], answers_alone=loss.assistant_only)
    if completion and loss.completion_only is not False:
        _mask_prompt(sample, len(told), apart=pictures)
    elif completion and pictures:
        _split(sample, len(told))
    kept: ForTemplate = sample.objects[KEPT]
    kept.begins = completion[0].index if completion else None
    kept.answers = loss.assistant_only
    kept.odd = any(message.odd for message in (*told, *(completion or ())))
    kept.pictured = any(message.pads for message in completion or ())
    kept.thoughts = {
        message.index: message.thought for message in (*told, *(completion or ())) if message.thought is not None
    }
    kept.first = completion[0].index if completion and loss.completion_only is not False else None
    kept.captioned = any(message.captioned for message in (*told, *(completion or ())) if message.role == "assistant")
    if not pictures and sample.turns:
        sample.turns[0].words += (PREPARED,)
    images, videos = media["image"], media["video"]
    if images and not pictures:
        sample.note("pictures-not-fed", None, f"{len(images)}")
    if videos and not pictures:
        sample.note("videos-not-fed", None, f"{len(videos)}")
    if images:
        sample.media["image"] = shown_images(images)
    if videos:
        sample.media["video"] = shown_videos(videos)


def _pictured(row: Mapping[str, Any], told: list[Told], completion: list[Told] | None) -> Media:
    """What the collator loads; of prompts and completions, what the column holds."""
    images = [row["image"]] if "image" in row else row["images"]
    if completion is None:
        return prepared(told, images)
    media = prepared(told, images, inline=False)
    prepared(completion, None, inline=False)
    if images is None:
        text = "only a single or a list of entries is supported but got type=<class 'NoneType'>"
        raise Stop("media-type", TypeError(text))
    return media


def _unpictured(row: Mapping[str, Any], told: list[Told], loss: Loss) -> Media:
    """What is loaded while the table is prepared, and never fed."""
    if row.get("chat_template_kwargs", {}) != {}:
        raise UnreadError("chat_template_kwargs are not reproduced")
    media = prepared(told, None)
    if loss.assistant_only and all(message.role != "assistant" for message in told):
        text = "You're using `assistant_only_loss=True`, but at least one example has no assistant tokens."
        raise Stop("no-answer", RuntimeError(text))
    return media


def _messages(row: Mapping[str, Any], *, pictures: bool, loss: Loss) -> tuple[list[Told], list[Told] | None]:
    """The messages of a row; or those of its prompt, and of its completion."""
    if "conversations" in row and not pictures:
        if loss.assistant_only and not row.keys() & {"messages", "prompt", "completion"}:
            raise Stop("column-missing", ValueError(_NOT_CONVERSATIONAL))
        return _told(_chatml(row["conversations"])), None
    both = "prompt" in row and "completion" in row
    if "messages" in row and (pictures or not both):
        if loss.completion_only:
            said = "The `completion_only_loss` argument is not supported for language modeling datasets."
            if not pictures:
                raise UnreadError("completion_only_loss without prompts and completions is not reproduced")
            raise Stop("column-missing", ValueError(said))
        messages = row["messages"]
        if messages == [] and not pictures:
            raise Stop("message-type", IndexError("list index out of range"))
        if messages is None and not pictures:
            raise Stop("messages-null", KeyError("text"))
        told = _told(messages)
        if not told:
            raise UnreadError("a row without a message has no token, and what becomes of it is not reproduced")
        return told, None
    if both:
        if loss.assistant_only and pictures:
            said = "argument is only supported for conversational language modeling datasets."
            raise Stop("column-missing", ValueError(f"The `assistant_only_loss` {said}"))
        for name in ("prompt", "completion"):
            if not isinstance(row[name], list) or not row[name]:
                raise UnreadError(f"{name} is something else than a list of messages, which is not reproduced")
        prompt, completion = _told(row["prompt"]), _told(row["completion"], len(row["prompt"]))
        if pictures and prompt[-1].role == "assistant":
            raise UnreadError("a prompt that ends with an answer is not reproduced where there is a column of images")
        if pictures and prompt[-1].role == "system":
            raise Stop("role-unknown", ValueError("Invalid role in the last message: system"), len(prompt) - 1)
        return prompt, completion
    if not pictures:
        raise UnreadError("there is neither `messages` nor `prompt` and `completion`: rows of text are not reproduced")
    kept = [name for name in row if name in ("messages", "prompt", "completion", "image", "images")]
    raise Stop("column-missing", KeyError(_NO_MESSAGES.format(kept)))


def _chatml(messages: Any) -> list[Any]:
    """Messages with `from` and `value` in the words of ChatML; roles stay what they are."""
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, dict) or not {"from", "value"} <= first.keys():
        raise UnreadError("`conversations` without `from` and `value` are not reproduced")
    names = {"from": "role", "value": "content"}
    return [
        {names.get(key, key): value for key, value in message.items()} if isinstance(message, dict) else message
        for message in messages
    ]


def _told(messages: Any, start: int = 0) -> list[Told]:
    """Messages with their roles. Raises what TRL raises."""
    if not isinstance(messages, list):
        kind = type(messages).__name__
        if isinstance(messages, str):
            raise UnreadError("messages as text are not reproduced")
        raise Stop("messages-null" if messages is None else "message-type", TypeError(f"{kind!r} is not iterable"))
    told = []
    for index, message in enumerate(messages, start):
        if not isinstance(message, dict):
            raise Stop("message-type", TypeError(f"{type(message).__name__!r} object is not subscriptable"), index)
        if "role" not in message:
            raise Stop("column-missing", KeyError("role"), index)
        role = message["role"]
        if not isinstance(role, str) or role not in _ROLES:
            wanted = "Expected 'system', 'user', 'assistant', or 'tool'."
            raise Stop("role-unknown", ValueError(f"Invalid role in message: {str(role)[:40]}. {wanted}"), index)
        if role == "user" and "content" not in message:
            raise Stop("column-missing", KeyError("content"), index)
        told.append(Told(index, role, message.get("content"), calls=message.get("tool_calls") or None))
        thought = message.get("reasoning_content")
        told[-1].thought = thought if isinstance(thought, str) and role == "assistant" else None
    return told


def _take_tools(sample: Sample, tools: Any, *, pictures: bool) -> None:
    """The templates of Qwen2-VL and Qwen2.5-VL write no tools, and the collator does not even get them."""
    given = tools
    if isinstance(tools, str) and not pictures:
        try:
            tools = json.loads(tools)
        except ValueError as error:
            raise Stop("tools-unreadable", error) from None
    if not tools:
        return
    if not pictures and not (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)):
        raise UnreadError("tools are reproduced as a list of objects alone")
    sample.note("tools-not-written", None, "")
    sample.objects[KEPT].tools = None if pictures else given


def _write(sample: Sample, told: Sequence[Told], *, answers_alone: bool) -> None:
    """Turns of the messages; the first is the system prompt where it says so."""
    for message in told:
        text = message.text
        if SHIELD in text:
            raise UnreadError("the text holds U+FDD0, which no text should")
        if message.literal:
            sample.note("placeholder-is-text", message.index, message.literal)
        if message.calls:
            sample.note("calls-not-written", message.index, "")
            sample.objects[KEPT].calls[message.index] = message.calls, _says(message.content)
        if message.role == "system" and message is told[0]:
            if message.pads:
                raise UnreadError("images in a system prompt are not reproduced")
            sample.system, sample.system_turn = text.replace(SHIELD, ""), message.index
            continue
        if message.pads and message.role in ("system", "tool"):
            raise UnreadError("images in a tool's reply or a later system prompt are not reproduced")
        learned = not answers_alone or message.role == "assistant"
        words = (HEAD,) if answers_alone and learned else ()
        sample.turns.append(Turn(message.index, _ROLES[message.role], message.written(shielded), learned, words=words))


def _says(content: Any) -> bool:
    """Whether a content is something once it is a list of parts: a text always is one part."""
    return isinstance(content, str) or bool(content)


def _mask_prompt(sample: Sample, prompt: int, *, apart: bool) -> None:
    """The completion begins where the prompt alone, with the header of an answer, differs from the whole; in tables of
    pictures both are encoded apart.
    """
    behind = [turn for turn in sample.turns if turn.index >= prompt]
    for turn in sample.turns:
        turn.learned = turn.learned and turn.index >= prompt
    first = behind[0]
    if first.role != "assistant":
        first.words = (*(word for word in first.words if word != HEAD), HEADS[0])
    elif apart:
        first.words = (APART,)
    else:
        first.words = (HEAD,)


def _split(sample: Sample, prompt: int) -> None:
    """All is learned, but encoded apart."""
    first = next(turn for turn in sample.turns if turn.index >= prompt)
    if first.role == "assistant":
        first.words = (APART,)
