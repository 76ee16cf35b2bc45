"""A template that works, but formats turns differently from the model's own.

## What it finds
`qwen3_vl` for a Qwen3-VL that is not a Thinking model; `qwen3_vl_nothink` for one that is; for a Qwen2-VL, Qwen2.5-VL,
Qwen3-VL or Qwen3.5 any other template that the trainer takes: that of another of these families, or one of text over
data without images.

## Why it matters
There is no error. `qwen3_vl` puts an empty thought (`<think>`, two line feeds, `</think>`, two line feeds) before each
answer without one: under `enable_thinking: true`, the default, it is learned, and an Instruct model, which never
thinks, is taught to start its answers with it; under `false` it comes before the answer, where the model does not
expect it. LLaMA-Factory itself says: `please add `_nothink` suffix if the model is not a reasoning model`. A Thinking
model trained without thoughts forgets them. Templates of other families write another system prompt, or other control
tokens.

## Example
`template: qwen3_vl` with `model_name_or_path: Qwen/Qwen3-VL-4B-Instruct`

## What to do
`qwen2_vl` for Qwen2-VL and Qwen2.5-VL, `qwen3_vl_nothink` for Qwen3-VL Instruct, `qwen3_vl` for Thinking, `qwen3_5` for
Qwen3.5, whose models think.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.models.families import of_model_type
from validator.rules.base import Hit, training_rule
from validator.rules.cf013_template_not_of_model import RULE as CF013
from validator.tokens.known_templates import template_named
from validator.training.config import shown
from validator.training.record import TrainingCase


@training_rule("CF038", "template-of-sibling", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the template with the model's own."""
    assert CF013.training is not None
    config, family = case.config, of_model_type(case.model_type)
    template = config["template"]
    if family is None or config["stage"] == "pt" or any(CF013.training(case)):
        return
    own, by_name = family.templates, family.thinks == "by name"
    thinks = "thinking" in str(config["model_name_or_path"]).lower()
    instructs = "instruct" in str(config["model_name_or_path"]).lower()
    known = template_named(template)
    evidence = {"key": "template", "model_type": case.model_type}
    if template not in own:
        yield Hit(
            f"`template` is {shown(template)}, but the model type is {case.model_type}: turns are formatted "
            f"differently from its own template, {own[0]}",
            f"Set template: {own[0]}.",
            evidence=evidence,
        )
    elif by_name and known and known.thinks and not thinks:
        learned = "which is trained on" if config["enable_thinking"] else "which comes before it and is not trained on"
        model = "an Instruct model" if instructs else "this model, unless it is a Thinking model,"
        yield Hit(
            f"`template` is {template}: an answer without <think> is given an empty <think> block, {learned}; "
            f"{model} never writes one",
            f"Set template: {template}_nothink, which is made for Instruct models.",
            evidence=evidence,
        )
    elif by_name and thinks and known and not known.thinks:
        yield Hit(
            f"`template` is {template} and the model is a Thinking model: it is trained on answers without thoughts",
            f"Set template: {own[1]}.",
            evidence=evidence,
        )


RULE = check
