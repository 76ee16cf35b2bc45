"""LLaMA-Factory's templates of Qwen's models. Sources: `template.py` of main, 0.9.5, 0.9.4, 0.9.3, 0.9.2, 0.9.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from validator.conversation.sample import Sample
from validator.models.families import REPRODUCED
from validator.tokens import tool_formats
from validator.tokens.processor import Processor
from validator.tokens.template import QWEN, SYSTEM, USER, Template, Thoughts, check_named, not_reproduced

_RESPONSE = ("<tool_response>\n", "\n</tool_response>")
_QWEN2_VL = Template(QWEN, tool_formats.qwen_calls, tool_formats.qwen_tools, _RESPONSE)
_QWEN3_VL = replace(_QWEN2_VL, default_system="")
_QWEN3_5 = replace(_QWEN3_VL, calls=tool_formats.qwen3_5_calls, tools=tool_formats.qwen3_5_tools)
_EFFORTS = {
    "xhigh": (
        "Reasoning effort is set to xhigh. Please think carefully through the task, validate key assumptions, "
        "consider plausible alternatives, and prioritize correctness, consistency, and clarity in the final answer.",
    ),
    "medium": (),
    "low": (
        "Reasoning effort is set to low. Keep your thinking brief and focused, moving directly to the conclusion "
        "without unnecessary elaboration.",
    ),
}
"""What the prompt says of each reasoning_effort: the words of Qwen3.8's prompt, as `template.py` of main has them."""
_0_9_4 = {
    "qwen2_vl": _QWEN2_VL,
    "qwen3_vl_nothink": _QWEN3_VL,
    "qwen3_vl": replace(_QWEN3_VL, thoughts=Thoughts()),
}
_0_9_5 = {
    **_0_9_4,
    "qwen3_5": replace(_QWEN3_5, thoughts=Thoughts()),
    "qwen3_5_nothink": _QWEN3_5,
    "qwen3_6": replace(_QWEN3_5, thoughts=Thoughts()),
}


class EffortTemplate(Template):
    """Qwen3.8's: how much to think stands first in the system prompt, then the tools, then what the row says."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn. Raises what the trainer raises."""
        assert self.thoughts is not None
        text = (sample.system or (self.default_system if default_system is None else default_system)).strip()
        parts = [] if self.thoughts.enabled is False else [*_EFFORTS[self.thoughts.effort]]
        if sample.tools:
            parts.append(self.tools(sample.tools).lstrip("\n"))
        if text:
            parts.append(text)
        return SYSTEM[0] + "\n\n".join(parts) + SYSTEM[1] if parts else ""


TEMPLATES: Mapping[str, Mapping[str, Template]] = {
    "main": {
        **{name: replace(template, strips_tools=True) for name, template in _0_9_5.items()},
        "qwen3_8": EffortTemplate(
            QWEN,
            tool_formats.qwen3_5_calls,
            tool_formats.qwen3_8_tools,
            _RESPONSE,
            default_system="",
            thoughts=Thoughts(preserves=True),
        ),
    },
    "0.9.5": _0_9_5,
    "0.9.4": _0_9_4,
    "0.9.3": {"qwen2_vl": replace(_QWEN2_VL, calls=tool_formats.middle_qwen_calls)},
    "0.9.2": {"qwen2_vl": replace(_QWEN2_VL, calls=tool_formats.early_qwen_calls, tools=tool_formats.early_qwen_tools)},
    "0.9.1": {
        "qwen2_vl": Template(
            {
                "user": USER,
                "observation": ("<|im_start|>tool\n", USER[1]),
                "assistant": ("", "<|im_end|>"),
                "function": ("", ""),  # each call ends with its own <|im_end|>
            },
            tool_formats.default_calls,
            tool_formats.default_tools,
            separator="\n",
        )
    },
}
"""By the release that brought them, and by their names there."""


def template_of(name: str, since: str, processor: Processor, named: str | None) -> Template:
    """The template that a release (`name`) has for a model, or that which is `named`. Raises ValueError where that is
    not reproduced; of a named one, `known_templates.not_reproduced` says so. Where nothing is counted, any will do.
    """
    check_named(named)
    templates = TEMPLATES[since]
    if processor.unknown is not None:
        return templates["qwen2_vl"]
    if named not in REPRODUCED:
        named = processor.family.templates[0]
    if named not in templates:
        raise not_reproduced(name, processor, named)
    return templates[named]
