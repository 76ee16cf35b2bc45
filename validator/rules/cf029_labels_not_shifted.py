"""Label smoothing that teaches the model to repeat its input.

## What it finds
`label_smoothing_factor` above 0 with a Qwen-VL model in the stages sft and pt.

## Why it matters
Under label smoothing the Trainer computes the loss itself. It compares the logits of a position with the label of the
next one only for classes in `MODEL_FOR_CAUSAL_LM_MAPPING_NAMES`; Qwen2-VL, Qwen2.5-VL, Qwen3-VL and Qwen3.5 are not
among them (transformers 4.46.1 to 5.24.0). For these the logits of a position are compared with the label of the same
position, which the model has just read. The loss falls fast, and nothing else shows the error.

Measured with LLaMA-Factory 0.9.5 and transformers 5.6.0 on a Qwen2-VL of two layers, 30 steps: with a factor of 0.1 the
model gives back the token that it reads at 100 % of the labels and the next one at none; without it, 0 % and 98 %. LoRA
does the same. `use_dft_loss`, `use_eaft_loss` and `use_asft_loss` replace the loss, and the factor then has no effect.

## Example
`label_smoothing_factor: 0.1`

## What to do
Leave `label_smoothing_factor` out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.models.families import of_model_type, of_template
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

OTHER_LOSSES = ("use_dft_loss", "use_eaft_loss", "use_asft_loss")


@training_rule("CF029", "labels-not-shifted", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the factor, the model and the loss."""
    config = case.config
    factor, template = config["label_smoothing_factor"], config["template"] or ""
    known = of_model_type(case.model_type) if case.model_type else of_template(template)
    if factor > 0 and known and config["stage"] in ("sft", "pt") and not any(config[key] for key in OTHER_LOSSES):
        yield Hit(
            f"`label_smoothing_factor` is {factor:g}: for this model the Trainer compares the logits of each position "
            "with the label of the same position, not of the next: the model is taught to repeat its input",
            "Remove label_smoothing_factor.",
            evidence={"key": "label_smoothing_factor", "label_smoothing_factor": factor},
        )


RULE = check
