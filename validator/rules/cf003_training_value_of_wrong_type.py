"""A value of the training file that is not what its key expects.

## What it finds
Values of another type than the key has, words that are not among those that it takes, and numbers with which nothing
can be counted: NaN, infinity (but in `max_grad_norm`, where it means that nothing is clipped), whole numbers of more
than 64 bits. Everything else here is judged with the trainer's default in their place.

## Why it hurts
Types are not checked when the file is read. A text where a switch is expected counts as true (`bf16: "false"` switches
BF16 on), a text where a number is expected ends the run somewhere later, with a message that does not name the key.

## Example
`bf16: "false"`

## What to do
Write the value without quotation marks, or one of the words that the message lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.arguments import known_arguments
from validator.training.config import shown
from validator.training.record import TrainingCase


@training_rule("CF003", "training-value-of-wrong-type", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the values that do not fit."""
    for key in case.config.mistyped:
        argument = known_arguments()[key]
        value = case.config.given[key]
        wanted = ", ".join(argument.choices) or " or ".join(kind for kind in argument.types if kind != "null")
        if isinstance(value, float) and "float" in argument.types:
            wanted = "a finite number"
        elif isinstance(value, int) and "int" in argument.types:
            wanted = "a whole number of at most 64 bits"
        yield Hit(
            f"`{key}: {shown(value)}`: {wanted} is expected",
            f"The trainer's default is {shown(argument.default)}.",
            evidence={"key": key, "expected": wanted},
        )


RULE = check
