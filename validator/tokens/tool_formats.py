"""How function calls and tool descriptions are written into the prompt. Each raises what the trainer raises.

Sources: LLaMA-Factory's `tool_utils.py` and `formatter.py`, of 0.9.5 (`qwen_*`, `qwen3_5_*`), of 0.9.3
(`middle_qwen_*`), of 0.9.2 (`early_qwen_*`) and of 0.9.1 (`default_*`).
"""

from __future__ import annotations

import json
from typing import Any

_TOOL_PROMPT = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>{tools}"
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{{"name": <function-name>, '
    '"arguments": <args-json-object>}}\n</tool_call>'
)
_QWEN3_5_PROMPT = (
    "\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>{tools}\n</tools>\n\n"
    "If you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
    "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
    "<parameter=example_parameter_2>\nThis is the value for the second parameter\nthat can span\nmultiple lines\n"
    "</parameter>\n</function>\n</tool_call>\n\n<IMPORTANT>\nReminder:\n- Function calls MUST follow the specified "
    "format: an inner <function=...></function> block must be nested within <tool_call></tool_call> XML tags\n"
    "- Required parameters MUST be specified\n- You may provide optional reasoning for your function call in natural "
    "language BEFORE the function call, but NOT after\n- If there is no function call available, answer the question "
    "like normal with your current knowledge and do not tell the user about function calls\n</IMPORTANT>"
)
_DEFAULT_PROMPT = (
    "You have access to the following tools:\n{tools}Use the following format if using a tool:\n```\n"
    "Action: tool name (one of [{names}])\n"
    "Action Input: the input to the tool, in a JSON format representing the kwargs "
    '(e.g. ```{{"input": "hello world", "num_beams": 5}}```)\n```\n'
)


def qwen_tools(tools: Any) -> str:
    """Tools as JSON lines; those that are not wrapped as functions are."""
    parsed = _parsed_tools(tools)
    if len(parsed) == 0:
        return ""
    return _TOOL_PROMPT.format(tools="".join(map(_wrapped, parsed)))


def swift_tools(tools: str) -> str:
    """Tools of ms-swift's rows, which its loader has parsed and wrapped."""
    return _TOOL_PROMPT.format(tools="".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in json.loads(tools)))


def swift_tagged_tools(tools: str) -> str:
    """The same for models that write calls in tags."""
    lines = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in json.loads(tools))
    return _QWEN3_5_PROMPT.format(tools=lines)


def qwen_calls(content: str) -> str:
    """Rewrite the JSON of a function call, alone or inside thoughts or call tags, as Qwen's tool call text."""
    before, call = _apart(content)
    return before + _joined(call, content)


def qwen3_5_tools(tools: Any) -> str:
    """Tools as JSON lines; those that are wrapped as functions are taken out of it."""
    parsed = _parsed_tools(tools)
    if len(parsed) == 0:
        return ""
    text = ""
    for tool in parsed:
        bare = tool.get("function", tool) if tool.get("type") == "function" else tool
        text += "\n" + json.dumps(bare, ensure_ascii=False)
    return _QWEN3_5_PROMPT.format(tools=text)


def qwen3_8_tools(tools: Any) -> str:
    """The same with tools wrapped as functions."""
    parsed = _parsed_tools(tools)
    if len(parsed) == 0:
        return ""
    return _QWEN3_5_PROMPT.format(tools="".join(map(_wrapped, parsed)))


def _wrapped(tool: Any) -> str:
    wrapped = tool if tool.get("type") == "function" else {"type": "function", "function": tool}
    return "\n" + json.dumps(wrapped, ensure_ascii=False)


def qwen3_5_calls(content: str) -> str:
    """The same call, with a tag for its name and each of its arguments."""
    before, call = _apart(content)
    return before + "\n".join([_in_tags(name, json.loads(arguments)) for name, arguments in _named(call, content)])


def _in_tags(name: Any, arguments: Any) -> str:
    text = f"<tool_call>\n<function={name}>"
    for key, value in arguments.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text += f"\n<parameter={key}>\n{shown}\n</parameter>"
    return text + "\n</function>\n</tool_call>"


def _apart(content: str) -> tuple[str, str]:
    """What stands before a function call, and the JSON of the call."""
    call = _enclosed(content, "<tool_call>", "</tool_call>")
    if call is not None:
        return content.replace(call, ""), call.removeprefix("<tool_call>").removesuffix("</tool_call>")
    thought = _enclosed(content, "<think>\n", "\n</think>\n\n")
    return ("", content) if thought is None else (thought, content.replace(thought, ""))


def _enclosed(text: str, begin: str, end: str, *, last: bool = False) -> str | None:
    """What stands from a tag to the first (or the last) end after it, both included; None where there is none. The
    trainer's regular expression finds the same, and tries every tag up to the end of the text where there is no end.
    """
    start = text.find(begin)
    if start < 0:
        return None
    inside = start + len(begin)
    stop = text.rfind(end, inside) if last else text.find(end, inside)
    return None if stop < 0 else text[start : stop + len(end)]


def _joined(text: str, content: str) -> str:
    calls = _parsed_calls(text, content)
    lines = [json.dumps({"name": call["name"], "arguments": call["arguments"]}, ensure_ascii=False) for call in calls]
    return "\n".join(f"<tool_call>\n{line}\n</tool_call>" for line in lines)


def middle_qwen_calls(content: str) -> str:
    """0.9.3: names are JSON, thoughts are looked for as before it, and call tags are not looked for."""
    thought = _enclosed(content, "<think>", "</think>", last=True)
    if thought is None:
        return _joined(content, content)
    text = content.replace(thought, "")
    return thought + _joined(text, text)


def early_qwen_tools(tools: Any) -> str:
    """Every tool is wrapped as a function, those that are already too."""
    parsed = _parsed_tools(tools)
    if len(parsed) == 0:
        return ""
    wrapped = ({"type": "function", "function": tool} for tool in parsed)
    return _TOOL_PROMPT.format(tools="".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in wrapped))


def early_qwen_calls(content: str) -> str:
    """Names are written as they are, not as JSON; a thought is whatever stands between the first and the last tag."""
    thought = _enclosed(content, "<think>", "</think>", last=True)
    text = content if thought is None else content.replace(thought, "")
    lines = [f'{{"name": "{name}", "arguments": {arguments}}}' for name, arguments in _named(text, text)]
    written = "\n".join(f"<tool_call>\n{line}\n</tool_call>" for line in lines)
    return written if thought is None else thought + written


def default_tools(tools: Any) -> str:
    """Tools as a list in words."""
    parsed = _parsed_tools(tools)
    if len(parsed) == 0:
        return ""
    text = "".join(map(_in_words, parsed))
    return _DEFAULT_PROMPT.format(tools=text, names=", ".join([tool["name"] for tool in parsed]))


def _in_words(tool: Any) -> str:
    lines = ""
    for name, argument in tool["parameters"]["properties"].items():
        required = ", required" if name in tool["parameters"].get("required", []) else ""
        choices = argument.get("enum", None)
        enum = f", should be one of [{', '.join(choices)}]" if choices else ""
        kind = argument.get("items", None)
        items = f", where each item should be {kind.get('type', '')}" if kind else ""
        described = argument.get("description", "")
        lines += f"  - {name} ({argument.get('type', '')}{required}): {described}{enum}{items}\n"
    return f"> Tool Name: {tool['name']}\nTool Description: {tool.get('description', '')}\nTool Args:\n{lines}\n"


def default_calls(content: str) -> str:
    """Each call in words, with an end of its own."""
    text = ""
    for name, arguments in _named(content, content):
        text += "Action: {{name}}\nAction Input: {{arguments}}\n".replace("{{name}}", name).replace(
            "{{arguments}}", arguments
        )
        text += "<|im_end|>"
    return text


def _parsed_tools(tools: Any) -> Any:
    try:
        return json.loads(tools)
    except json.JSONDecodeError:
        raise RuntimeError(f"Invalid JSON format in tool description: {[tools]!s}.") from None


def _parsed_calls(text: str, content: str) -> list[Any]:
    try:
        calls = json.loads(text)
    except json.JSONDecodeError:
        raise RuntimeError(f"Invalid JSON format in function message: {[content]!s}.") from None
    return calls if isinstance(calls, list) else [calls]


def _named(text: str, content: str) -> list[tuple[Any, str]]:
    """Each call as its name and the JSON of its arguments."""
    calls = _parsed_calls(text, content)
    return [(call["name"], json.dumps(call["arguments"], ensure_ascii=False)) for call in calls]
