"""A value in the training file that the trainer reads differently from what it says.

## What it finds
Text that says no where a switch is expected (`bf16: "false"`), and numbers that cannot be computed with: NaN and
infinity (except in `max_grad_norm`, where infinity means no clipping).

## Why it matters
Types are not checked when the file is read, and any text that is not empty counts as true: `bf16: "false"` silently
switches BF16 on. With `learning_rate: .nan` all weights are NaN after the first step. Values that stop the trainer are
CF002; those it accepts without harm are CF023.

## Example
`neat_packing: "no"`

## What to do
Write the value without quotes, or use a finite number.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.arguments import argument_named
from validator.training.config import shown
from validator.training.record import TrainingCase
from validator.training.values import no_number, says_no


@training_rule("CF003", "training-value-of-wrong-type", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for texts that say no, and numbers that are none."""
    for key in case.config.loose:
        argument, value = argument_named(key), case.config.given[key]
        if says_no(argument, value):
            yield Hit(
                f"`{key}: {shown(value)}` is text, which the trainer reads as true",
                f"Write {key}: false, without quotes.",
                evidence={"key": key},
            )
        elif no_number(argument, value):
            yield Hit(
                f"`{key}: {shown(value)}` is not a finite number, but the trainer computes with it",
                f"The trainer's default is {shown(argument.default)}.",
                evidence={"key": key},
            )


RULE = check
