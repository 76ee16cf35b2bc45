"""The template is not that of the model.

## What it finds
A `template` other than `qwen2_vl` for a model whose config.json (or name) says qwen2_vl or qwen2_5_vl, none at all,
and `qwen2_vl` for another model.

## Why it hurts
With another template images are not expanded, or the model is trained on marks that it has never seen; nothing stops.
Without one LLaMA-Factory reads the tokenizer's chat template, which knows no images: `This model does not support image
input. Please check whether the correct `template` is used.`

## Example
`template: qwen` with `model_name_or_path: Qwen/Qwen2-VL-7B-Instruct`

## What to do
`template: qwen2_vl`
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.record import TrainingCase

MODELS = ("qwen2_vl", "qwen2_5_vl")
"""What LLaMA-Factory trains with this template."""


@training_rule("CF013", "template-not-of-model", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare template and model."""
    template, model = case.config["template"], case.model_type
    if model is not None and (model in MODELS) != (template == "qwen2_vl"):
        yield Hit(
            f"`template` is {shown(template)}, the model's type is {model}",
            "Set template: qwen2_vl for Qwen2-VL; the counts here are those of qwen2_vl.",
            evidence={"key": "template", "model_type": model},
        )


RULE = check
