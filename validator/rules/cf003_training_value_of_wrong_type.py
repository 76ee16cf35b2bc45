"""A value of the training file that the trainer takes in another sense than it says.

## What it finds
Text that says no where a switch is expected (`bf16: "false"`), and numbers with which nothing can be counted: NaN and
infinity (but in `max_grad_norm`, where it means that nothing is clipped).

## Why it hurts
Types are not checked when the file is read, and any text that is not empty counts as true: `bf16: "false"` switches
BF16 on, in silence. With `learning_rate: .nan` all weights are NaN after the first step. What stops the trainer is
CF002, what it takes without harm CF023.

## Example
`neat_packing: "no"`

## What to do
Write the value without quotation marks, and a finite number.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.arguments import known_arguments
from validator.training.config import shown
from validator.training.record import TrainingCase
from validator.training.values import no_number, says_no


@training_rule("CF003", "training-value-of-wrong-type", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for texts that say no, and numbers that are none."""
    for key in case.config.loose:
        argument, value = known_arguments()[key], case.config.given[key]
        if says_no(argument, value):
            yield Hit(
                f"`{key}: {shown(value)}` is text, which the trainer reads as true",
                f"Write {key}: false, without quotation marks.",
                evidence={"key": key},
            )
        elif no_number(argument, value):
            yield Hit(
                f"`{key}: {shown(value)}`: a finite number is expected, and the trainer computes with this",
                f"The trainer's default is {shown(argument.default)}.",
                evidence={"key": key},
            )


RULE = check
