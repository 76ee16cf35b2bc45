"""LLaMA-Factory's templates of Qwen2-VL and of Qwen3-VL. Sources: `template.py` of 0.9.5, 0.9.3, 0.9.2, 0.9.1."""

from __future__ import annotations

from collections.abc import Mapping

from validator.tokens import tool_formats
from validator.tokens.known_templates import REPRODUCED
from validator.tokens.processor import Processor
from validator.tokens.template import QWEN, USER, Template, check_named, not_reproduced

_RESPONSE = ("<tool_response>\n", "\n</tool_response>")
TEMPLATES: Mapping[str, Template] = {
    "0.9.4": Template(QWEN, tool_formats.qwen_calls, tool_formats.qwen_tools, _RESPONSE),
    "0.9.4 qwen3-vl": Template(QWEN, tool_formats.qwen_calls, tool_formats.qwen_tools, _RESPONSE, default_system=""),
    "0.9.3": Template(QWEN, tool_formats.middle_qwen_calls, tool_formats.qwen_tools, _RESPONSE),
    "0.9.2": Template(QWEN, tool_formats.early_qwen_calls, tool_formats.early_qwen_tools, _RESPONSE),
    "0.9.1": Template(
        {
            "user": USER,
            "observation": ("<|im_start|>tool\n", USER[1]),
            "assistant": ("", "<|im_end|>"),
            "function": ("", ""),  # each call ends with its own <|im_end|>
        },
        tool_formats.default_calls,
        tool_formats.default_tools,
        separator="\n",
    ),
}
"""By the release that brought it, with that of a model that has another."""


def template_of(name: str, since: str, processor: Processor, named: str | None) -> Template:
    """The template that a release (`name`) has for a model, or that which is `named`. Raises ValueError where that is
    not reproduced; of a named one, `known_templates.not_reproduced` says so.
    """
    check_named(named)
    later = named != "qwen2_vl" if named in REPRODUCED else processor.model == "qwen3-vl"
    key = f"{since} qwen3-vl" if later else since
    if key not in TEMPLATES:
        raise not_reproduced(name, processor)
    return TEMPLATES[key]
