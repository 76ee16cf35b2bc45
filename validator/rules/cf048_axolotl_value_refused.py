"""A value in axolotl's configuration at which axolotl stops.

## What it finds
Values of another kind than their key takes (text where a number or a switch is expected, a list where a text is, words
that an option does not have), by a table that was made from axolotl 0.19.0's own check. What it checks beyond
kinds, such as limits of numbers and options that exclude each other, is not looked at.

## Why it matters
The run stops at start-up: `ValidationError: sequence_len: Input should be a valid integer, unable to parse string as an
integer`. PyYAML reads `1e3` as text.

## Example
`sequence_len: 1e3`

## What to do
Write a value of the kind that the key takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, axolotl_rule
from validator.training.axolotl_config import AxolotlCase, value_at
from validator.training.config import shown


@axolotl_rule("CF048", "axolotl-value-refused", "error")
def check(case: AxolotlCase) -> Iterator[Hit]:
    """Say what the key takes."""
    for key, wanted in case.config.refused.items():
        yield Hit(
            f"`{clip(key)}: {shown(value_at(case.config, key))}`: axolotl stops with ValidationError",
            f"Write {wanted}.",
            evidence={"key": clip(key)},
        )


RULE = check
