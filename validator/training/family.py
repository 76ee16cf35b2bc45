"""Which processor and which template reproduce what a training file feeds its model."""

from __future__ import annotations

from typing import Any

from validator.tokens.known_templates import NONE, OF_TOKENIZER, known_templates, not_reproduced
from validator.training.config import TrainingConfig
from validator.training.shape import model_type, on_disk

PROCESSORS = {
    "qwen2_vl": "embedded",
    "qwen2_5_vl": "qwen2.5-vl",
    "qwen3_vl": "qwen3-vl",
    "qwen3_vl_moe": "qwen3-vl",
}
"""Families that are reproduced, by their `model_type`, and what counts for them without files."""
OWN = {
    "qwen2_vl": ("qwen2_vl",),
    "qwen2_5_vl": ("qwen2_vl",),
    "qwen3_vl": ("qwen3_vl_nothink", "qwen3_vl"),
    "qwen3_vl_moe": ("qwen3_vl_nothink", "qwen3_vl"),
}
"""The templates of these families. Source: LLaMA-Factory 0.9.5 `extras/constants.py`."""


def fed_as(config: TrainingConfig) -> dict[str, Any]:
    """What a check's `Settings` take from model, template and stage."""
    return {"processor": processor_of(config), "template": template_name(config)}


def processor_of(config: TrainingConfig) -> str:
    """The processor of the model: its own files where they are here, otherwise what is embedded for its family. A model
    that says no family is taken for the one of its template.
    """
    name, template = config["model_name_or_path"], config["template"] or ""
    folder, family = on_disk(name), model_type(name)
    if folder is not None and (folder / "tokenizer.json").is_file() and (family is None or family in PROCESSORS):
        return str(folder)
    return PROCESSORS.get(family or template.removesuffix("_nothink"), "embedded")


def template_name(config: TrainingConfig) -> str | None:
    """The template for a check's `Settings`. One that the trainer does not know is CF013's, and left out here."""
    template = config["template"]
    if config["stage"] == "pt":
        return NONE
    if template is None:
        return OF_TOKENIZER
    return template if template in known_templates() else None


def assumption(config: TrainingConfig) -> str | None:
    """What is taken for granted of a model that says no family, None where nothing is."""
    template = template_name(config)
    if model_type(config["model_name_or_path"]) is not None or (template and not_reproduced(template)):
        return None
    family = {"embedded": "Qwen2-VL", "qwen3-vl": "Qwen3-VL"}.get(processor_of(config))
    return family and f"taken for a {family}: neither its name nor a config.json here says what it is"
