"""A setting that changes what the model is trained on and that mmvalidate does not reproduce.

## What it finds
Keys of the training file with another value than the trainer's default, under which counts, order or text differ from
what was checked.

## Why it matters
The findings about the data hold for the default values of these keys; under other values they may be wrong.

## Example
`split_special_tokens: true`

## What to do
Keep this in mind when reading the findings; those about `<|image_pad|>` in text do not hold under
`split_special_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.arguments import known_arguments
from validator.training.config import shown
from validator.training.record import TrainingCase

KEYS = (
    "split_special_tokens",
    "tool_format",
    "resize_vocab",
    "add_tokens",
    "add_special_tokens",
    "new_special_tokens_config",
    "streaming",
    "mix_strategy",
    "ignore_pad_token_for_loss",
)
STAGES = {
    "pt": "the first message of each row is learned as plain text, without template, answers and media",
    "rm": "each question is fed twice, with the chosen and with the rejected answer",
    "dpo": "each question is fed twice, with the chosen and with the rejected answer",
    "kto": "each question is fed twice, with its own answer and with that of another row",
    "ppo": "only questions are fed, and answers are generated",
}
"""Stages, and what they feed. Source: LLaMA-Factory 0.9.5 `data/processor/*.py`."""


@training_rule("CF022", "setting-not-reproduced", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare with the defaults that the counts are made under."""
    for key in KEYS:
        if case.config[key] != known_arguments()[key].default:
            yield Hit(
                f"`{key}` is {shown(case.config[key])}: the data was checked with the default, "
                f"{shown(known_arguments()[key].default)}",
                "The findings about the data may differ from what the trainer does.",
                evidence={"key": key},
            )
    stage = case.config["stage"]
    if stage in STAGES:
        yield Hit(
            f"`stage` is {stage}, but the data was checked as for sft. In this stage {STAGES[stage]}",
            "Rely on the findings about turns and placeholders; counts, truncation and labels are those of sft.",
            evidence={"key": "stage"},
        )


RULE = check
