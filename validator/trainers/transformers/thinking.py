"""Messages under the chat templates that Qwen3.5 and Qwen3.6 are published with: stripped, the thoughts of an answer
taken out and written again in one form, and only behind the last question.

Source: TRL 1.16 `chat_templates/qwen3_5_think.jinja`, `qwen3_5_nothink.jinja`, `qwen3_6.jinja`, and those with
`_training` in their names, which `assistant_only_loss` puts in their place: they write the thoughts of all answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from validator.conversation.sample import Sample, Turn, UnreadError
from validator.models.chat_templates import ASKED
from validator.tokens import tool_formats
from validator.tokens.encode import TrainerError
from validator.tokens.encoder import Encoder
from validator.tokens.ids import as_list
from validator.tokens.processor import Processor
from validator.tokens.template import HEADER
from validator.trainers.layout import ANSWERS, HEADS
from validator.trainers.transformers.latest import KEPT, ForTemplate, forget
from validator.trainers.transformers.own import HEAD
from validator.trainers.transformers.template import APART, LEAD, shielded

_BEGIN, _END = "<think>", "</think>"
_REPLIED = "<tool_response>", "</tool_response>"


class TemplateError(Exception):
    """As jinja2's."""


def write_thinking(sample: Sample, processor: Processor) -> None:
    """Make of the turns what such a template writes of them. Raises TrainerError and UnreadError."""
    kept: ForTemplate = sample.objects.get(KEPT) or ForTemplate()
    _check(sample, kept)
    if isinstance(sample.system, str):
        sample.system = sample.system.strip()
    for place, turn in enumerate(sample.turns):
        turn.content = (turn.content or "").strip()
        if turn.role == "system" and (place or sample.system is not None):
            cause = TemplateError("System message must be at the beginning.")
            raise TrainerError("system-later", cause, turn.index, "encode")
    last = _last_question(sample.turns)
    for place, turn in enumerate(sample.turns):
        if turn.role in ANSWERS:
            thinks = place > last or kept.answers
            turn.content = _answer(turn.content, kept.thoughts.get(turn.index), thinks=thinks)
    if kept.tools is not None:
        if not isinstance(kept.tools, str):
            raise UnreadError("tools that are objects are not reproduced: write them as JSON in a text")
        sample.tools = tool_formats.swift_tagged_tools(kept.tools).lstrip("\n")
        forget(sample, "tools-not-written", None)
    if kept.begins is not None:
        first = next(turn for turn in sample.turns if turn.index == kept.begins)
        _lead(sample, first, ASKED[processor.chat_template or ""], processor.encoder, learned_after=kept.first)


def _check(sample: Sample, kept: ForTemplate) -> None:
    if kept.calls:
        raise UnreadError("calls of tools are not reproduced under the chat template of Qwen3.5")
    if kept.odd:
        raise UnreadError("a part that is neither text nor a medium is not reproduced under the template of Qwen3.5")
    opens = sample.system is None and sample.turns and sample.turns[0].role == "observation"
    if kept.tools is not None and opens:  # its first line feed is one token with that behind the tools
        raise UnreadError("a row with tools that begins with a reply of a tool is not reproduced under Qwen3.5")
    if kept.begins is None:
        return
    completion = [turn for turn in sample.turns if turn.index >= kept.begins]
    if not completion or completion[0].role != "assistant" or any(turn.role == "user" for turn in completion):
        raise UnreadError("a completion that begins with no answer, or holds questions, under the template of Qwen3.5")
    if kept.pictured:
        raise UnreadError("images in a completion are not reproduced under the template of Qwen3.5")


def _last_question(turns: Sequence[Turn]) -> int:
    """The place of the last question that is no reply of a tool. Raises TrainerError where there is none."""
    for place in reversed(range(len(turns))):
        said = turns[place].content
        replies = said.startswith(_REPLIED[0]) and said.endswith(_REPLIED[1])
        if turns[place].role == "user" and not replies:
            return place
    raise TrainerError("no-question", TemplateError("No user query found in messages."), None, "encode")


def _answer(said: str, thought: str | None, *, thinks: bool) -> str:
    """An answer as it is written; `thought`: what its message has as reasoning_content."""
    if thought is not None:
        thought = shielded(thought)
    elif _END in said:
        thought = said.partition(_END)[0].rstrip("\n").rpartition(_BEGIN)[2].lstrip("\n")
        said = said.rpartition(_END)[2].lstrip("\n")
    return f"{_BEGIN}\n{(thought or '').strip()}\n{_END}\n\n{said}" if thinks else said


def _lead(sample: Sample, first: Turn, asked: str, encoder: Encoder, *, learned_after: int | None) -> None:
    """The first answer of a completion is learned from where it goes another way than what is written to ask for it: by
    characters where it is encoded apart, else by tokens.
    """
    if APART in first.words:
        lead = asked[: _shared(asked, first.content)]
        sample.objects[LEAD] = lead
        first.content = first.content[len(lead) :]
    elif learned_after is not None and HEAD in first.words:
        prompt, whole = (as_list(encoder.encode(HEADER + text)) for text in (asked, f"{first.content}<|im_end|>\n"))
        tokens = _shared(prompt, whole)
        if tokens > len(HEADS):
            raise UnreadError("what is written to ask for an answer is of too many tokens")
        first.words = tuple(HEADS[tokens - 1] if word == HEAD else word for word in first.words)


def _shared(one: Sequence[object], other: Sequence[object]) -> int:
    """How many items two sequences begin with alike."""
    places = (place for place, (mine, its) in enumerate(zip(one, other, strict=False)) if mine != its)
    return next(places, min(len(one), len(other)))
