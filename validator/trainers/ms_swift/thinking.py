"""Messages under ms-swift's templates of models that think: stripped, thoughts in one form, and an empty one given.

Source: ms-swift 4.6.0 `template/templates/qwen.py` (`Qwen3_5Template`; that of Qwen3.8 writes the same in training),
`template/base.py` (`_add_non_thinking_prefix`), `agent_template/qwen3_coder.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from validator.conversation.sample import Turn
from validator.trainers.ms_swift.template import EMPTY_THOUGHT
from validator.trainers.ms_swift.turns import Calls, joined, turns_of

_BEGIN, _END = "<think>", "</think>"


def thinking_turns(messages: Sequence[dict[str, Any]]) -> list[Turn]:
    """The turns that such a template makes of the messages of a row. Raises FaultError and UnreadError."""
    made = joined([{**message, "content": _stripped(message)} for message in messages], _CALLS)
    for message in made:
        if message["role"] == "assistant":
            first, weight = message["segments"][0]
            if not first.startswith(_BEGIN):
                message["segments"][0] = (EMPTY_THOUGHT + first, weight)
    return turns_of(made)


def _stripped(message: dict[str, Any]) -> Any:
    content = message["content"]
    if not isinstance(content, str) or message["role"] not in ("user", "system", "tool", "assistant"):
        return content
    content = content.strip()
    if message["role"] == "assistant" and _BEGIN in content and _END in content:
        before, _, after = content.partition(_END)
        thought = before.rstrip("\n").rsplit(_BEGIN, 1)[-1].lstrip("\n").strip()
        after = after.lstrip("\n")
        return f"{_BEGIN}\n{thought}\n{_END}\n\n{after}"
    return content


def _in_tags(name: Any, arguments: Any) -> str:
    parts = [f"<tool_call>\n<function={name}>\n"]
    for key, value in arguments.items() if arguments else ():
        is_json = value is None or isinstance(value, dict | list | bool)
        shown = json.dumps(value, ensure_ascii=False) if is_json else str(value)
        parts.append(f"<parameter={key}>\n{shown}\n</parameter>\n")
    return "".join([*parts, "</function>\n</tool_call>"])


def _lead(before: str) -> str:
    said = before.rpartition(_END)[2]
    return "\n\n" if said.strip() else ""


_CALLS = Calls(_in_tags, _lead)
