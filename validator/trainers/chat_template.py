"""Qwen2-VL's own chat template, and what trainers that render it by transformers do alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.models.families import QWEN2_5_VL, QWEN2_VL
from validator.tokens import tool_formats
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.processor import Processor
from validator.tokens.template import PAD_TOKENS, SYSTEM, Template, check_named, not_reproduced
from validator.trainers.base import Trainer
from validator.trainers.layout import Kept, TokenSpan, cut_at_end

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts
    from validator.media.geometry import ImageLimits
    from validator.settings import Settings
    from validator.trainers.span_table import Ints, SpanTable


@cache
def chat_template(parted: tuple[str, ...]) -> Template:
    """The template as transformers renders it; placeholders become media in the content of the roles `parted`."""
    roles = {"user": "user", "observation": "tool", "assistant": "assistant", "function": "assistant"}
    frames = {role: (f"<|im_start|>{name}\n", "<|im_end|>\n") for role, name in roles.items()}
    return Template(
        {**frames, "system": SYSTEM},
        tool_formats.qwen_calls,
        tool_formats.qwen_tools,
        expands_all=False,
        slot=re.compile("(<image>)"),
        parted=frozenset(parted),
    )


def check_parts(sample: Sample, template: Template) -> None:
    """The check of TRL and of Qwen's fine-tuning: as many image parts as images. Raises TrainerError."""
    images = len(sample.media.get("image", ()))
    parts = sum(
        turn.content.count(PLACEHOLDERS["image"])
        for turn in sample.turns
        if turn.role in template.parted and isinstance(turn.content, str)
    )
    if parts != images:
        text = f"Number of images provided ({images}) does not match number of image placeholders ({parts})."
        raise TrainerError("count-mismatch", ValueError(text))


def check_literal_pads(sample: Sample, turns: Sequence[EncodedTurn], pads: Mapping[MediaKind, int]) -> None:
    """transformers' processor takes every pad in the text for a medium; one too many stops it, after the images are
    opened.
    """
    for turn in turns:
        for kind, pad in pads.items():
            if not any(pad in text for text in turn.texts):
                continue
            index = turn.turn.index if turn.turn is not None else sample.system_turn
            text = f"Found {PAD_TOKENS[kind]} tokens in the text but no {kind}s were passed."
            if sample.media.get(kind):
                text = f"The total number of {PAD_TOKENS[kind]} tokens should be the same as the number of {kind}s."
            sample.fail("literal-pad", ValueError(text), index, stage="encode")
            return


@dataclass(frozen=True, kw_only=True)
class ChatTemplateTrainer(Trainer):
    """A trainer by whose template only the contents of some roles hold media, and that knows no videos."""

    media_roles: tuple[str, ...]

    def configured(self, settings: Settings) -> Trainer:
        """No setting changes it."""
        return self

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family not in (QWEN2_VL, QWEN2_5_VL):
            raise not_reproduced(self.name, processor)
        return chat_template(self.media_roles)

    def check(self, sample: Sample) -> None:
        """As many image parts as images."""
        check_parts(sample, chat_template(self.media_roles))

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """Videos are not reproduced."""
        return False

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Nothing depends on media."""

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], pads: Mapping[MediaKind, int]) -> None:
        """The processor takes pads in the text for images."""
        check_literal_pads(sample, turns, pads)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """At the end."""
        return cut_at_end(spans, limits.cutoff_len)

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """At the end."""
        return spans.cut_at_end(limits.cutoff_len)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """It is cut."""
        return None

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Videos are not reproduced."""
        return self.image_grid(width, height, limits)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Videos are not reproduced."""
        return width, height
