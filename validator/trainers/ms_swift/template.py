"""ms-swift's template of Qwen2-VL. Source: ms-swift 4.6.0 `template/templates/qwen.py`, `template/base.py`."""

from __future__ import annotations

import re
from dataclasses import replace

from validator.conversation.sample import Sample
from validator.tokens import tool_formats
from validator.tokens.template import ANSWER, HEADER, QWEN, SYSTEM, USER, Template


class SwiftTemplate(Template):
    """A template whose frames depend on what is learned."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn; an empty prompt without tools is not written."""
        default = self.default_system if default_system is None else default_system
        text = default if sample.system is None else sample.system
        text += self.tools(sample.tools) if sample.tools else ""
        return SYSTEM[0] + text + SYSTEM[1] if text else ""

    def around(self, sample: Sample, index: int) -> tuple[str, str]:
        """The beginning of an answer is encoded together with what is not learned: with the question before it, or with
        an answer that is not learned.
        """
        turns = sample.turns
        turn = turns[index]
        if turn.role in ("user", "observation"):
            apart = index + 1 < len(turns) and not turns[index + 1].learned
            return USER[0], ANSWER[1] if apart else USER[1]
        first = not index or turns[index - 1].role in ("user", "observation")
        return HEADER if first and not turn.learned else "", ANSWER[1] if turn.ends else ""


TEMPLATE = SwiftTemplate(
    QWEN,
    tool_formats.qwen_calls,
    tool_formats.swift_tools,
    expands_all=False,
    slot=re.compile("(<image>)"),
    repairs=True,
)
QWEN3 = replace(TEMPLATE, default_system="")
"""Qwen3-VL's has no prompt of its own."""
