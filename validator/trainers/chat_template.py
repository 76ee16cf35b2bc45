"""Qwen2-VL's own chat template, and what trainers that render it by transformers do alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.models.families import QWEN2_5_VL, QWEN2_VL, QWEN3_VL
from validator.tokens import tool_formats
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.ids import as_list
from validator.tokens.processor import Processor
from validator.tokens.template import HEADER, PAD_TOKENS, SYSTEM, Template, check_named, not_reproduced
from validator.trainers.base import Trainer
from validator.trainers.layout import ANSWERS, HEADER_TOKENS, Kept, TokenSpan, cut_at_end

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.media.geometry import ImageLimits
    from validator.settings import Settings
    from validator.trainers.span_table import Ints, SpanTable


class UndefinedError(Exception):
    """As jinja2's."""


UNWRITTEN = "media-unwritten"
"""Kind of the problem that a medium stands where its template writes none."""


@cache
def chat_template(parted: tuple[str, ...], kinds: tuple[MediaKind, ...] = ("image",)) -> Template:
    """The template as transformers renders it; placeholders of some kinds of media become such in the content of the
    roles `parted`.
    """
    roles = {"user": "user", "observation": "tool", "assistant": "assistant", "function": "assistant"}
    frames = {role: (f"<|im_start|>{name}\n", "<|im_end|>\n") for role, name in roles.items()}
    return Template(
        {**frames, "system": SYSTEM},
        tool_formats.qwen_calls,
        tool_formats.qwen_tools,
        expands_all=False,
        slot=re.compile(f"({'|'.join(PLACEHOLDERS[kind] for kind in kinds)})"),
        parted=frozenset(parted),
    )


class Qwen3ChatTemplate(Template):
    """Qwen3-VL's: it begins with no prompt of its own, tools answer within questions, neighbouring answers of tools in
    one; media in answers, and system messages behind the first, are not written.
    """

    __slots__ = ()

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system prompt of the row alone."""
        return "" if sample.system is None else SYSTEM[0] + sample.system + SYSTEM[1]

    def content(self, sample: Sample, index: int) -> Any:
        """What of a turn is written: no media in answers, nothing of a system message behind the first message."""
        turn = sample.turns[index]
        if self._is_later_prompt(sample, index):
            return ""
        if turn.role in ("assistant", "function") and isinstance(turn.content, str):
            return self.slot.sub("", turn.content)
        return turn.content

    def around(self, sample: Sample, index: int) -> tuple[str, str] | None:
        """What joins the answers of tools."""
        if self._is_later_prompt(sample, index):
            return "", ""
        if sample.turns[index].role != "observation":
            return None
        joins, joined = (
            0 <= other < len(sample.turns) and sample.turns[other].role == "observation"
            for other in (index - 1, index + 1)
        )
        return "\n" if joins else "<|im_start|>user\n", "" if joined else "<|im_end|>\n"

    def _is_later_prompt(self, sample: Sample, index: int) -> bool:
        return sample.turns[index].role == "system" and (index > 0 or sample.system is not None)


@cache
def qwen3_chat_template(parted: tuple[str, ...], kinds: tuple[MediaKind, ...] = ("image",)) -> Template:
    """Qwen3-VL's template as transformers renders it. Source: TRL 1.16 `chat_templates/qwen3_vl.jinja`."""
    known = chat_template(parted, kinds)
    frames = {**known.frames, "observation": ("<|im_start|>user\n", "<|im_end|>\n")}
    return Qwen3ChatTemplate(
        frames,
        known.calls,
        known.tools,
        ("<tool_response>\n", "\n</tool_response>"),
        expands_all=False,
        default_system="",
        slot=known.slot,
        parted=known.parted - {"assistant", "function"},
    )


def check_parts(sample: Sample, template: Template) -> None:
    """The check of TRL and of Qwen's fine-tuning: as many parts as media of each kind. Raises TrainerError."""
    texts = [turn.content for turn in sample.turns if isinstance(turn.content, str) and "<" in turn.content
             and turn.role in template.parted]  # fmt: skip
    for kind in PAD_TOKENS if texts or sample.media else ():
        if not template.slot.fullmatch(PLACEHOLDERS[kind]):
            continue
        media = len(sample.media.get(kind, ()))
        parts = sum(text.count(PLACEHOLDERS[kind]) for text in texts)
        if parts != media:
            text = f"Number of {kind}s provided ({media}) does not match number of {kind} placeholders ({parts})."
            raise TrainerError("count-mismatch", ValueError(text))


def check_literal_pads(sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
    """transformers' processor takes every pad in the text for a medium; one too many stops it, after the images are
    opened.
    """
    literal = processor.encoder.literal
    for turn in turns:
        if literal and not any(["<" in piece for piece in turn.pieces]):  # noqa: C419  # faster than a generator
            continue
        for kind, token in PAD_TOKENS.items():
            if literal and not any(token in piece for piece in turn.pieces):
                continue
            pad = processor.token_id(token)
            if not any(pad in as_list(text) for text in turn.texts):
                continue
            index = turn.turn.index if turn.turn is not None else sample.system_turn
            text = f"Found {token} tokens in the text but no {kind}s were passed."
            if sample.media.get(kind):
                text = f"The total number of {token} tokens should be the same as the number of {kind}s."
            sample.fail("literal-pad", ValueError(text), index, stage="encode")
            return


def check_written(sample: Sample, turns: Sequence[EncodedTurn]) -> None:
    """Media in answers, which a template does not write, are too many for transformers' processor."""
    for kind, pad in PAD_TOKENS.items():
        if kind not in sample.media:
            continue
        media = len(sample.media[kind])
        written = len({slot.index for turn in turns for slot in turn.slots if slot.kind == kind})
        if media <= written or sample.crashed:
            continue
        word = PLACEHOLDERS[kind]
        turn = next((turn.index for turn in sample.turns if turn.role in ANSWERS and word in turn.content), None)
        text = (
            f"The total number of {pad} tokens in the prompts should be the same as the number of "
            f"{kind}s passed. Found total {written} {pad} tokens and {media} {kind}s."
        )
        sample.fail(UNWRITTEN, ValueError(text), turn, stage="encode")
        return


def joins_header(text: str, processor: Processor) -> bool:
    """Whether the line feed at the end of an answer's header is one token with the white space that the answer begins
    with.
    """
    if not text[:1].isspace():
        return False
    blank = text[: len(text) - len(text.lstrip())]
    blank = blank[: max(blank.rfind("\n"), blank.rfind("\r")) + 1]
    encode = processor.encoder.encode
    return bool(blank) and list(encode(HEADER + blank))[:HEADER_TOKENS] != list(encode(HEADER))


@dataclass(frozen=True, kw_only=True)
class ChatTemplateTrainer(Trainer):
    """A trainer by whose template only the contents of some roles hold media, of some kinds."""

    media_roles: tuple[str, ...]
    media_kinds: tuple[MediaKind, ...]
    writes_as_qwen3: bool
    """Qwen3-VL is reproduced."""

    def configured(self, settings: Settings) -> Trainer:
        """No setting changes it."""
        return self

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family is QWEN3_VL and self.writes_as_qwen3:
            return qwen3_chat_template(self.media_roles)
        if processor.family not in (QWEN2_VL, QWEN2_5_VL):
            raise not_reproduced(self.name, processor)
        return chat_template(self.media_roles, self.media_kinds)

    def check(self, sample: Sample) -> None:
        """As many parts as media."""
        check_parts(sample, chat_template(self.media_roles, self.media_kinds))

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """Videos are not reproduced."""
        return False

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Qwen3-VL's template looks at the first message. Raises TrainerError where there is none."""
        if processor.family is QWEN3_VL and sample.system is None and not sample.turns:
            raise TrainerError("no-turns", UndefinedError("list object has no element 0"), None, "encode")

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """The processor takes pads in the text for images, and wants one for each."""
        check_literal_pads(sample, turns, processor)
        check_written(sample, turns)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """At the end."""
        return cut_at_end(spans, limits.cutoff_len)

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """At the end."""
        return spans.cut_at_end(limits.cutoff_len)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """It is cut."""
        return None

    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """It is fed all the same."""
        return None

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Videos are not reproduced."""
        return self.image_grid(width, height, limits)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Videos are not reproduced."""
        return width, height
