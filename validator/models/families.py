"""What is known of each family of models: names, geometry, added tokens, templates. A new family is a record here.

Sources: the config.json, preprocessor_config.json and tokenizer.json that the models are published with; the classes of
transformers 5.6 (`models/auto`); templates: LLaMA-Factory 0.9.5 `extras/constants.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LATER_TOKENS = (
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
"""What Qwen2.5 added to the tokenizer: 151657-151664. Text that looks like them becomes one token."""
LATEST_TOKENS = ("<tool_response>", "</tool_response>", "<think>", "</think>")
"""What Qwen3 added: 151665-151668."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFamily:
    """Models that are fed alike. Patches and pixels along a side, pixel limits of an image in pixels; a folder's own
    files come before them.
    """

    name: str
    model_types: tuple[str, ...] = ()
    """`model_type` of config.json; the second is that of the mixtures of experts."""
    processor_classes: tuple[str, ...] = ()
    """`processor_class`, or `image_processor_type` where no other is given."""
    written: tuple[str, ...] = ()
    """How models' names write the family, in small letters and digits alone."""
    embedded: str | None = None
    """The name by which `--processor` has it without files; None: its vocabulary is not shipped."""
    fingerprint: str = ""
    """Of the embedded processor: results are kept under it."""
    added_tokens: tuple[str, ...] = ()
    """Behind Qwen2-VL's own, in the order of ids; of families that are shipped."""
    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    min_pixels: int = 3136
    max_pixels: int = 12845056
    video_pixels: tuple[int, int] = (3136, 12845056)
    """The least and the most of a frame of a video; of families that time frames, of all frames together."""
    class_video_pixels: tuple[int, int] = (128 * 28 * 28, 768 * 28 * 28)
    """The same where no file names them: those of the class of the video processor."""
    templates: tuple[str, ...] = ()
    """LLaMA-Factory's, the default first."""
    thinks: Literal["never", "by name", "always"] = "never"
    """Which models of the family write thoughts: `by name`, those called Thinking."""
    times_frames: bool = False
    """The time of each frame of a video is written into the text."""
    coordinates: Literal["thousandths", "pixels"] = "thousandths"
    """Boxes and points: from 0 to 1000, or pixels of the image as it is fed."""


QWEN2_VL = ModelFamily(
    name="Qwen2-VL",
    model_types=("qwen2_vl",),
    processor_classes=("Qwen2VLProcessor", "Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast"),
    written=("qwen2vl",),
    embedded="qwen2-vl",
    fingerprint="qwen2_vl",
    templates=("qwen2_vl",),
)
QWEN2_5_VL = ModelFamily(
    name="Qwen2.5-VL",
    model_types=("qwen2_5_vl",),
    processor_classes=("Qwen2_5_VLProcessor",),
    written=("qwen25vl",),
    embedded="qwen2.5-vl",
    fingerprint="qwen2_5_vl",
    added_tokens=LATER_TOKENS,
    templates=("qwen2_vl",),
    coordinates="pixels",
)
"""Patches, pixel limits and the sampling of videos are those of Qwen2-VL; its seconds per frame change positions, not
counts.
"""
QWEN3_VL = ModelFamily(
    name="Qwen3-VL",
    model_types=("qwen3_vl", "qwen3_vl_moe"),
    processor_classes=("Qwen3VLProcessor",),
    written=("qwen3vl",),
    embedded="qwen3-vl",
    fingerprint="qwen3_vl",
    added_tokens=LATER_TOKENS + LATEST_TOKENS,
    patch_size=16,
    min_pixels=256 * 256,
    max_pixels=4096 * 4096,
    video_pixels=(64 * 64, 4096 * 6144),
    class_video_pixels=(128 * 32 * 32, 768 * 32 * 32),
    templates=("qwen3_vl_nothink", "qwen3_vl"),
    thinks="by name",
    times_frames=True,
)
QWEN3_5 = ModelFamily(
    name="Qwen3.5",
    model_types=("qwen3_5", "qwen3_5_moe"),
    written=("qwen35", "qwen36"),
    patch_size=16,
    min_pixels=256 * 256,
    max_pixels=4096 * 4096,
    video_pixels=(64 * 64, 4096 * 6144),
    class_video_pixels=(128 * 32 * 32, 768 * 32 * 32),
    templates=("qwen3_5", "qwen3_5_nothink", "qwen3_6", "qwen3_8"),
    thinks="always",
    times_frames=True,
)
"""Qwen3.6 too. Its processor has the class of Qwen3-VL's, and a vocabulary of 248,320 tokens."""
FAMILIES = (QWEN2_VL, QWEN2_5_VL, QWEN3_VL, QWEN3_5)
EMBEDDED = {family.embedded: family for family in FAMILIES if family.embedded is not None}
"""What needs no files, by the name that `--processor` has for it."""
REPRODUCED = tuple(dict.fromkeys(name for family in FAMILIES for name in family.templates))
"""Templates of LLaMA-Factory whose text is written here, character by character."""

_NAMED = re.compile(r"(qwen(?:(?:2|2[._-]5|3)[_-]?vl|3[._][56](?!\d)))(?:-\d+b(-a\d+b)?)?")


def of_model_type(model_type: str | None) -> ModelFamily | None:
    """The family of a `model_type`, None where it is not known."""
    return next((family for family in FAMILIES if model_type in family.model_types), None)


def of_template(template: str | None) -> ModelFamily | None:
    """The first family that has a template, None where none has."""
    return next((family for family in FAMILIES if template in family.templates), None)


def named_type(name: str) -> str | None:
    """The `model_type` that a model's name says (`Qwen/Qwen3-VL-30B-A3B-Instruct`), None where it says none."""
    found = _NAMED.search(name.lower())
    if found is None:
        return None
    written = "".join(filter(str.isalnum, found[1]))
    family = next(family for family in FAMILIES if written in family.written)
    return family.model_types[-1 if found[2] else 0]


def of_files(model: Mapping[str, Any], images: Mapping[str, Any]) -> ModelFamily:
    """The family that config.json (`model`) and the file of the image processor say; one without a template where they
    say another than those here. What says nothing is a Qwen2-VL's, whose tokens are looked for.
    """
    said = model.get("model_type")
    if isinstance(said, str):
        return of_model_type(said) or ModelFamily(name=f"of model_type {said}")
    for key in ("processor_class", "image_processor_type"):
        said = images.get(key)
        if isinstance(said, str):
            known = (family for family in FAMILIES if said in family.processor_classes)
            return next(known, ModelFamily(name=f"of {key} {said}"))
    return QWEN2_VL
