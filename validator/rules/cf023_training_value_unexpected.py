"""A value of the wrong type in the training file that the trainer accepts anyway.

## What it finds
Values of the wrong type, and words that are not among the choices of a key, that do not stop the trainer: either
nothing reads the key in this run, or whatever reads it accepts the value.

## Why it matters
It probably does not do what was meant: `dataloader_drop_last: 5` is true, `eval_num_beams: text` is never read here. In
another run, or another release, it may stop the trainer.

## Example
`max_new_tokens: "512"`

## What to do
Write a value of the type that the finding names.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.arguments import argument_named
from validator.training.config import shown
from validator.training.record import TrainingCase
from validator.training.values import no_number, says_no


@training_rule("CF023", "training-value-unexpected", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at values that do not fit and that stop nothing."""
    for key in case.config.loose:
        argument, value = argument_named(key), case.config.given[key]
        if says_no(argument, value) or no_number(argument, value):
            continue  # CF003
        if key == "quantization_method" and case.config["quantization_bit"]:
            continue  # CF025
        wanted = ", ".join(argument.choices) or " or ".join(kind for kind in argument.types if kind != "null")
        if isinstance(value, int) and "int" in argument.types:
            wanted = "a whole number of at most 64 bits"
        yield Hit(
            f"`{key}: {shown(value)}`: {wanted} is expected, but the trainer accepts it",
            f"Its default is {shown(argument.default)}.",
            evidence={"key": key, "expected": wanted},
        )


RULE = check
