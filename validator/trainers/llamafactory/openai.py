"""OpenAI chat rows -> samples. Source: LLaMA-Factory 0.9.5 `converter.py`, `OpenAIDatasetConverter`.

It differs from ShareGPT in more than words: an unknown role stops the trainer, tool messages are joined (and lost at
the end), tool calls become a function turn, and the system prompt is always lengthened where there are no tools.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import Entry
from validator.conversation.columns import role_names, take_media, take_messages
from validator.conversation.sample import Sample, Turn
from validator.storage.media_files import MediaFiles
from validator.trainers.llamafactory.sharegpt import answer_by_preference, judge_count, raw_turn

if TYPE_CHECKING:
    from validator.trainers.llamafactory.profile import LlamaFactory

THINKING_OFF = "detailed thinking off"
_JOIN = "\n</tool_response>\n<tool_response>\n"
_ASKING, _ANSWERING = ("user", "observation"), ("assistant", "function")


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: LlamaFactory) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    messages = take_messages(sample, row, entry)
    if messages is not None:
        if sample.system_turn is None:
            sample.system = _optional(row, entry, "system")
        _align(sample, messages, entry, trainer)
        answer_by_preference(sample, row, entry)
    tools = _optional(row, entry, "tools")
    sample.tools = json.dumps(tools, ensure_ascii=False, default=str) if isinstance(tools, dict | list) else tools
    try:
        sample.system = _system(sample.system, sample.tools)
    except TypeError as error:
        sample.fail("content-type", error, sample.system_turn)
    take_media(sample, row, entry, files, trainer.media_columns)
    return sample


def _optional(row: dict[str, Any], entry: Entry, column: str) -> Any:
    name = entry.columns[column]
    return row.get(name, "") if name else ""


def _system(system: Any, tools: Any) -> Any:
    if not system:
        return system if tools else THINKING_OFF
    if tools:
        return system + "\n"
    return system if "detailed thinking on" in system or THINKING_OFF in system else system + "\n" + THINKING_OFF


def _align(sample: Sample, messages: Any, entry: Entry, trainer: LlamaFactory) -> None:
    shift = 0 if sample.system_turn is None else 1
    waiting: list[tuple[int, Any]] = []  # tool messages that the next turn will follow
    index = shift
    try:
        for index, message in enumerate(messages, shift):
            role, content = _role_and_content(message, entry, trainer)
            if role == entry.tags["observation_tag"]:
                waiting.append((index, content))
                continue
            if waiting:
                sample.turns.append(Turn(waiting[0][0], "observation", _JOIN.join(text for _, text in waiting)))
                waiting = []
            sample.turns.append(Turn(index, role_names(entry)[role], content))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        sample.fail(_kind(error, message, entry), error, index)
        return
    for position, turn in enumerate(sample.turns):
        allowed = (_ASKING, _ANSWERING)[position % 2]
        if turn.role not in allowed:
            wanted = " or ".join(allowed)
            sample.drop("role-order", turn.index, f"the role is {turn.role} where the trainer wants {wanted}")
            break
    judge_count(sample, len(sample.turns), entry)
    if sample.dropped:
        sample.turns = [raw_turn(message, entry, index) for index, message in enumerate(messages, shift)]
    elif waiting:
        sample.note("tool-messages-lost", waiting[0][0], f"{len(waiting)} at the end have no turn after them")


def _role_and_content(message: Any, entry: Entry, trainer: LlamaFactory) -> tuple[Any, Any]:
    role, content = message[entry.tags["role_tag"]], message[entry.tags["content_tag"]]
    answer = role in (entry.tags["assistant_tag"], entry.tags["function_tag"])
    if answer and trainer.null_calls == "crash" and "tool_calls" in message:
        len(message["tool_calls"])
    if answer and (calls := message.get("tool_calls")):
        functions = [call["function"] for call in calls]
        return entry.tags["function_tag"], json.dumps(functions, ensure_ascii=False)
    return role, content


def _kind(error: Exception, message: Any, entry: Entry) -> str:
    if not isinstance(error, KeyError):
        return "message-type"
    known = isinstance(message, dict) and entry.tags["role_tag"] in message and entry.tags["content_tag"] in message
    return "role-unknown" if known else "column-missing"
