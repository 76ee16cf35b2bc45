"""TRL's own rows under Qwen3-VL, whose template writes tools and calls, and no media in answers.

What depends on that is kept of a row when it is converted, before the model is known. Source: TRL 1.16
`chat_templates/qwen3_vl.jinja`, transformers 5.24 `chat_template_utils.py` (`tojson`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from validator.conversation.sample import Sample, UnreadError
from validator.trainers.layout import ANSWERS
from validator.trainers.transformers.template import shielded

KEPT = "kept-for-template"
"""Among what is kept of a sample for later: what it has that other templates do not write."""
_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function "
    "signatures within <tools></tools> XML tags:\n<tools>"
)
_CALLS = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
    "</tool_call>"
)


@dataclass(slots=True)
class ForTemplate:
    """`tools`: those that reach the template, as they are given: JSON text, or what `datasets` makes of objects.
    `calls`: of messages by number, with whether such a message has a content. `first`: the number of the first message
    that is learned, None where that is not asked. `captioned`: an image part of an answer has a text, or no image.
    `thoughts`: what messages have as reasoning_content, by number. `begins`: the number of the first message of a
    completion. `answers`: the template is the one that marks answers. `odd`: a part is neither text nor a medium.
    `pictured`: a completion holds media.
    """

    tools: Any = None
    calls: dict[int, tuple[Any, bool]] = field(default_factory=dict)
    first: int | None = None
    captioned: bool = False
    thoughts: dict[int, str] = field(default_factory=dict)
    begins: int | None = None
    answers: bool = False
    odd: bool = False
    pictured: bool = False


def write_latest(sample: Sample) -> None:
    """Write what Qwen3-VL's template writes and others do not. Raises UnreadError."""
    kept: ForTemplate = sample.objects[KEPT]
    if any(problem.kind == "parts-mismatch" and problem.stage == "encode" for problem in sample.problems):
        raise UnreadError("images that are no answer's, beside image parts in answers, are not reproduced")
    if kept.captioned:
        raise UnreadError("an image part of an answer that has a text, or for which no image is loaded")
    _check_first(sample, kept.first)
    if kept.tools is not None:
        sample.tools = _tools(kept.tools)
        forget(sample, "tools-not-written", None)
    for turn in sample.turns:
        if turn.index in kept.calls:
            turn.content += shielded(_calls(*kept.calls[turn.index], turn.index))
            forget(sample, "calls-not-written", turn.index)
    kept.calls.clear()


def _check_first(sample: Sample, first: int | None) -> None:
    """What is learned begins where the prompt with the header of an answer goes another way."""
    roles = {turn.index: turn.role for turn in sample.turns}
    if first is None or first not in roles or roles[first] in (*ANSWERS, "user"):
        return
    if roles[first] == "system" or roles.get(first - 1) == "observation":
        raise UnreadError("a completion that begins with a system message, or goes on with replies of tools")


def _tools(tools: Any) -> str:
    if not isinstance(tools, str):
        raise UnreadError("tools that are objects are not reproduced: write them as JSON in a text")
    return _TOOLS + "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in json.loads(tools)) + _CALLS


def _calls(calls: Any, said: bool, index: int) -> str:
    """Calls as the template writes them behind a content, where something is `said`. Raises UnreadError."""
    if not isinstance(calls, list):
        raise UnreadError(f"tool_calls of message {index} that are something else than a list")
    text = ""
    for place, call in enumerate(calls):
        call = (call.get("function") or call) if isinstance(call, Mapping) else None
        if call is None or not isinstance(call.get("name"), str) or not isinstance(call.get("arguments"), str):
            raise UnreadError(
                f"tool_calls of message {index} without a name, or with arguments that are something else than text"
            )
        text += "\n" if said or place else ""
        text += f'<tool_call>\n{{"name": "{call["name"]}", "arguments": {call["arguments"]}}}\n</tool_call>'
    return text


def forget(sample: Sample, kind: str, turn: int | None) -> None:
    """Take back a note of what other templates do not write."""
    sample.problems = [problem for problem in sample.problems if (problem.kind, problem.turn) != (kind, turn)]
