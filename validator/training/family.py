"""Which processor and which template reproduce what a training file feeds its model."""

from __future__ import annotations

from typing import Any

from validator.models.families import QWEN2_VL, ModelFamily, of_model_type, of_template
from validator.tokens.known_templates import NONE, OF_TOKENIZER, not_reproduced, template_named
from validator.training.config import TrainingConfig
from validator.training.shape import model_type, on_disk


def fed_as(config: TrainingConfig) -> dict[str, Any]:
    """What a check's `Settings` take from model, template and stage."""
    return {"processor": processor_of(config), "template": template_name(config)}


def processor_of(config: TrainingConfig) -> str:
    """The processor of the model: its own files where they are here, otherwise what is embedded for its family. A model
    that says no family is taken for the one of its template.
    """
    name = config["model_name_or_path"]
    folder, said = on_disk(name), model_type(name)
    if folder is not None and (folder / "tokenizer.json").is_file() and (said is None or of_model_type(said)):
        return str(folder)
    return _without_files(_family(config))


def _without_files(family: ModelFamily) -> str:
    return family.embedded or family.name.lower()


def _family(config: TrainingConfig) -> ModelFamily:
    said = model_type(config["model_name_or_path"])
    return (of_template(config["template"]) if said is None else of_model_type(said)) or QWEN2_VL


def template_name(config: TrainingConfig) -> str | None:
    """The template for a check's `Settings`. One that the trainer does not know is CF013's, and left out here."""
    template = config["template"]
    if config["stage"] == "pt":
        return NONE
    if template is None:
        return OF_TOKENIZER
    return template if template_named(template) else None


def assumption(config: TrainingConfig) -> str | None:
    """What is taken for granted of a model that says no family, None where nothing is."""
    template = template_name(config)
    if model_type(config["model_name_or_path"]) is not None or (template and not_reproduced(template)):
        return None
    family = _family(config)
    if processor_of(config) != _without_files(family):
        return None
    return f"taken for a {family.name}: neither its name nor a config.json here says what it is"
