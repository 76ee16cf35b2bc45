"""Qwen2-VL's own chat template, and the checks of those that render it by transformers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.tokens import tool_formats
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.template import PAD_TOKENS, SYSTEM, Template


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
