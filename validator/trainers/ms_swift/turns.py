"""Messages of ms-swift -> turns: calls written out, observations framed, neighbours of one role joined.

Source: ms-swift 4.6.0 `template/base.py` (`_swift_prepare_inputs`, `_swift_encode`), `agent_template/hermes.py`,
`loss_scale/base.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from validator.conversation.sample import Turn, UnreadError
from validator.trainers.ms_swift.rows import FaultError, faults, parsed

_STOPS = ("<|endoftext|>", "<|im_end|>")
"""No end is written after a last answer that ends with one of them."""
_WEIGHTS = ("loss", "loss_scale")
"""Keys of an answer that say its weight."""
_ACTION = ("Action:", "Action Input:")


@dataclass(frozen=True, slots=True)
class Calls:
    """How a model's template writes calls: one of a name and its arguments (`write`), and what stands before the first
    of some, given the answer before it (`lead`).
    """

    write: Callable[[Any, Any], str]
    lead: Callable[[str], str] = lambda before: ""


def _as_json(name: Any, arguments: Any) -> str:
    call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{call}\n</tool_call>"


CALLS = Calls(_as_json)
"""Of the models before Qwen3.5."""


def joined(messages: Sequence[dict[str, Any]], calls: Calls) -> list[dict[str, Any]]:
    """Calls are written out, observations framed, neighbours of one role joined. An answer is a list of segments, each
    a text and its weight.
    """
    made: list[dict[str, Any]] = []
    place = 0
    while place < len(messages):
        message = messages[place]
        role, content = message["role"], message["content"]
        stop = place + 1
        if role in ("tool_call", "tool"):
            while stop < len(messages) and messages[stop]["role"] == role:
                stop += 1
        run = list(messages[place:stop])
        if role == "tool_call":
            with faults("function-json"):
                content = "\n".join(calls.write(*_call(call["content"])) for call in run)
            if place and messages[place - 1]["role"] == "assistant":
                content = calls.lead(messages[place - 1]["content"]) + content
            role = "assistant"
        if role == "assistant":
            segment = (content, _weight(run))
            if made and made[-1]["role"] == "assistant":
                made[-1]["segments"].append(segment)
            else:
                is_call = message["role"] == "tool_call"
                made.append({"role": role, "segments": [segment], "place": message["place"], "calls": is_call})
        elif role == "tool":
            _add_observations(made, run)
        elif role == "user" and made and made[-1]["role"] == "user":
            made[-1]["content"] += content
        else:
            made.append({"role": role, "content": content, "place": message["place"]})
        place = stop
    return made


def _add_observations(made: list[dict[str, Any]], run: list[dict[str, Any]]) -> None:
    text = "\n".join(f"<tool_response>\n{message['content']}\n</tool_response>" for message in run)
    before: dict[str, Any] = made[-1] if made else {"role": None}
    if before["role"] == "assistant":
        last = before["segments"][-1][0]
        if len(before["segments"]) == 1 and all(word in last for word in _ACTION):
            raise UnreadError("answers that call tools as ReAct does are not reproduced")
        made.append({"role": "tool", "content": text, "place": run[0]["place"]})
    elif before["role"] == "user":
        before["content"] += f"<|im_end|>\n<|im_start|>user\n{text}"
    else:
        error = ValueError("A standalone tool message must follow a user message.")
        raise FaultError("role-unknown", error)


def _call(content: str) -> tuple[Any, Any]:
    call = parsed(content)
    arguments = call.get("arguments")
    arguments = parsed(call.get("parameters") if arguments is None else arguments)
    if arguments is None:
        raise AssertionError(f"content: {content}")
    return call["name"], arguments


def _weight(run: list[dict[str, Any]]) -> float:
    """The weight of an answer in the loss; of several calls the first word counts."""
    if all(message.keys().isdisjoint(_WEIGHTS) for message in run):  # nearly always
        return 1.0
    loss, scale = (next((message[key] for message in run if key in message), None) for key in _WEIGHTS)
    if not (loss or loss is None):
        return 0.0
    return 1.0 if scale is None else scale


def turns_of(messages: list[dict[str, Any]]) -> list[Turn]:
    """The turns of joined messages, which must be questions and answers by turns. Raises FaultError and UnreadError."""
    if messages and messages[0]["role"] == "assistant":
        messages.insert(0, {"role": "user", "content": "", "place": messages[0]["place"]})
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        asking, pair = number % 2 == 0, number // 2
        if message["role"] not in (("user", "tool") if asking else ("assistant",)):
            raise FaultError("role-unknown", AssertionError(f"role: {message['role']}"))
        if asking:
            turns.append(_question(message, pair))
        else:
            turns += _answer(message, last=number == len(messages) - 1)
    return turns


def _question(message: dict[str, Any], pair: int) -> Turn:
    """The template's own marks are filled in wherever they stand."""
    content = message["content"]
    if message["role"] == "tool":
        if "{{SYSTEM}}" in content:
            raise UnreadError("an observation holds {{SYSTEM}}, which is filled in")
        content = content.replace("{{QUERY}}", "")
    if "{{ROUND" in content:
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
