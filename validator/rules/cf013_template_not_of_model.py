"""The template does not match the model.

## What it finds
A `template` that does not exist (`qwen3_8` before LLaMA-Factory 0.9.6, its main branch); one without image (or video)
support for data that has some, or no template at all; one that writes other image tokens than the model, a Qwen2-VL or
one of its successors, expects; and a template of these families for a model whose config.json names another family.

## Why it matters
Rows with images stop the trainer: `ValueError: This model does not support image input. Please check whether the
correct `template` is used.` So does a file without a `template`: LLaMA-Factory reads the tokenizer's chat template
then, which does not support images. With the image tokens of another model, image features have no place in the text,
or the model is trained on tokens it has never seen.

## Example
`template: llama3` with `model_name_or_path: Qwen/Qwen2-VL-7B-Instruct`

## What to do
`template: qwen2_vl` for Qwen2-VL and Qwen2.5-VL, `qwen3_vl_nothink` for Qwen3-VL Instruct, `qwen3_vl` for Thinking,
`qwen3_5` for Qwen3.5.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from validator.findings import clip
from validator.models.families import FAMILIES, of_model_type
from validator.rules.base import Hit, training_rule
from validator.tokens.known_templates import LATER, OF_TOKENIZER, known_templates, refused_media, template_named
from validator.training.arguments import MAIN_SINCE
from validator.training.config import shown
from validator.training.record import TrainingCase
from validator.training.versions import TRAINER

MARK = "<|image_pad|>"
"""What an image becomes under the templates of these families."""
_REFUSES = "does not support {} input. Please check whether the correct `template` is used."


@training_rule("CF013", "template-not-of-model", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare template, model and data."""
    template, model = case.config["template"], case.model_type
    said = _fault(case)
    if said is not None:
        own = _own(model)
        close = difflib.get_close_matches(str(template), known_templates(), n=1)
        right = own[0] if own else close[0] if close and template not in known_templates() else None
        yield Hit(
            said,
            f"Set template: {right}." if right else "Set the template that LLaMA-Factory lists for this model.",
            evidence={"key": "template", "model_type": model},
        )


def _own(model: str | None) -> tuple[str, ...]:
    """The templates of a model's family, none where it is not known."""
    family = of_model_type(model)
    return family.templates if family else ()


def _fault(case: TrainingCase) -> str | None:
    """What is wrong with the template, None where nothing is."""
    template, model = case.config["template"], case.model_type
    released = template not in LATER or not case.versions.before(TRAINER, MAIN_SINCE)
    if template is not None and not (template_named(template) and released):
        words = f"Template {clip(str(template), 60)} does not exist."
        return f"`template` is {shown(template)}: the trainer stops with ValueError: {words}"
    if case.config["stage"] == "pt":
        return None  # learned as plain text
    refused = refused_media(OF_TOKENIZER if template is None else template)
    named = "`template` is not set" if template is None else f"`template` is {shown(template)}"
    family = f" and the model type is {model}" if model else ""
    if case.data is None:
        met = ["image"] if _own(model) and "image" in refused else []
    else:
        met = [kind for kind in ("image", "video") if kind in refused and kind in case.data.media]
    if met:
        return f"{named}{family}: the trainer stops with ValueError: This model {_REFUSES.format(met[0])}"
    known = template_named(template)
    marks = known.marks if known is not None else {}
    if _own(model) and marks and marks.get("image") != MARK:
        return (
            f"{named}{family}: it writes {marks.get('image', 'no token')} for an image, but this model expects {MARK}"
        )
    if model is not None and not _own(model) and any(template in family.templates for family in FAMILIES):
        return f"{named}{family}: the findings about the data assume the model of this template"
    return None


RULE = check
