"""A setting that changes what the trainer feeds and that is not reproduced here.

## What it finds
Keys of the training file with another value than the trainer's default, under which counts, order or text differ from
what was checked.

## Why it hurts
It does not. What this tool says of the data holds for the default of these keys.

## Example
`split_special_tokens: true`

## What to do
Read the findings with this in mind; findings about `<|image_pad|>` in text do not hold under `split_special_tokens`.
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
    "pt": "the first message of each row is learned as it stands, without template, answers and media",
    "rm": "each question is fed twice, with the chosen and with the rejected answer",
    "dpo": "each question is fed twice, with the chosen and with the rejected answer",
    "kto": "each question is fed twice, with its own answer and with that of another row",
    "ppo": "questions alone are fed, answers are generated",
}
"""Stages, and what they feed. Source: LLaMA-Factory 0.9.5 `data/processor/*.py`."""


@training_rule("CF022", "setting-not-reproduced", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare with the defaults that the counts are made under."""
    for key in KEYS:
        if case.config[key] != known_arguments()[key].default:
            yield Hit(
                f"`{key}` is {shown(case.config[key])}: the data were checked as under the default, "
                f"{shown(known_arguments()[key].default)}",
                "What is said of the data may differ from what the trainer does.",
                evidence={"key": key},
            )
    stage = case.config["stage"]
    if stage in STAGES:
        yield Hit(
            f"`stage` is {stage}, and the data were checked as for sft: here {STAGES[stage]}",
            "Read what is said of turns and placeholders; counts, cuts and what is learned are those of sft.",
            evidence={"key": "stage"},
        )


RULE = check
