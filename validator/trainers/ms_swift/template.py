"""ms-swift's templates of Qwen's models. Source: ms-swift 4.6.0 `template/templates/qwen.py`, `template/base.py`."""

from __future__ import annotations

from dataclasses import replace

from validator.conversation.sample import Sample
from validator.tokens import tool_formats
from validator.tokens.template import ANSWER, HEADER, QWEN, SYSTEM, USER, VISION_END, VISION_START, Template

EMPTY_THOUGHT = "<think>\n\n</think>\n\n"
"""What an answer without a thought is given under models that think."""


class SwiftTemplate(Template):
    """A template whose frames depend on what is learned."""

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn; an empty prompt without tools is not written."""
        default = self.default_system if default_system is None else default_system
        text = default if sample.system is None else sample.system
        text = self.with_tools(text, sample.tools) if sample.tools else text
        return SYSTEM[0] + text + SYSTEM[1] if text else ""

    def with_tools(self, text: str, tools: str) -> str:
        """A system prompt with the part about tools."""
        return text + self.tools(tools)

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


QWEN2 = SwiftTemplate(
    QWEN,
    tool_formats.qwen_calls,
    tool_formats.swift_tools,
    expands_all=False,
    repairs=True,
)
QWEN3 = replace(QWEN2, default_system="", clip=(VISION_START, VISION_END))
"""Qwen3-VL's has no prompt of its own, and its processor leaves a video's own vision markers around those of its
frames.
"""


class ThinkingTemplate(SwiftTemplate):
    """One that tells tools before what the row says, and writes an empty thought behind a last question."""

    __slots__ = ()

    def with_tools(self, text: str, tools: str) -> str:
        """A system prompt behind the part about tools."""
        return self.tools(tools).lstrip("\n") + (f"\n\n{text}" if text else "")

    def around(self, sample: Sample, index: int) -> tuple[str, str]:
        """Where nothing is answered, the answer begins all the same."""
        before, after = super().around(sample, index)
        asks = sample.turns[index].role in ("user", "observation")
        return before, after + (EMPTY_THOUGHT if asks and index == len(sample.turns) - 1 else "")


QWEN3_5 = ThinkingTemplate(
    QWEN,
    tool_formats.qwen_calls,
    tool_formats.swift_tagged_tools,
    expands_all=False,
    default_system="",
    repairs=True,
    clip=QWEN3.clip,
)
"""Of Qwen3.6 and Qwen3.8 too."""
