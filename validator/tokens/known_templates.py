"""The templates that LLaMA-Factory has, reproduced here or not: the media that they take, whether they add thoughts.

The table is made by `scripts/make_templates.py` from the published package, 0.9.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

from validator.conversation.sample import MediaKind
from validator.models.families import REPRODUCED

OF_TOKENIZER, NONE = "tokenizer", "none"
"""Where `template` is not set, the tokenizer's chat template is parsed; the stage `pt` uses none."""
_OTHERWISE = {
    OF_TOKENIZER: "the trainer reads the tokenizer's own chat template where `template` is not set",
    NONE: "the stage pt learns the first message of a row as plain text",
}


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """One template: the mark that it writes for each kind of media that it takes, and whether an answer without a
    thought is given an empty one.
    """

    marks: Mapping[MediaKind, str]
    thinks: bool = False


LATER = {"qwen3_8": KnownTemplate({"image": "<|image_pad|>", "video": "<|video_pad|>"}, thinks=True)}
"""Templates that came after 0.9.5."""


@cache
def known_templates() -> dict[str, KnownTemplate]:
    """All templates, by name."""
    table = orjson.loads(files("validator.assets").joinpath("templates.json").read_bytes())
    return {name: KnownTemplate(item, bool(item.pop("thinks", False))) for name, item in table.items()}


def template_named(name: str | None) -> KnownTemplate | None:
    """A template by its name, later ones too; None where there is none."""
    return known_templates().get(name or "") or LATER.get(name or "")


def refused_media(name: str) -> frozenset[MediaKind]:
    """The kinds of media at which a row stops the trainer under a template."""
    if name == NONE:
        return frozenset()
    known = template_named(name)
    kinds: tuple[MediaKind, ...] = ("image", "video", "audio")
    return frozenset(kind for kind in kinds if known is None or kind not in known.marks)


def not_reproduced(name: str) -> str | None:
    """Why the rows cannot be counted under a template, None where they can."""
    if name in REPRODUCED:
        return None
    return f"{_OTHERWISE.get(name, f'the template {name}')}{': that' if name in _OTHERWISE else ''} is not reproduced"
