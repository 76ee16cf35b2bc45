"""A number in the training file that YAML reads as a different one.

## What it finds
Numbers that begin with 0 (`010` is octal, so 8) or hold colons (`1:30` is base 60, so 90), as YAML 1.1, and so
LLaMA-Factory, reads them.

## Why it matters
`cutoff_len: 010` cuts every row at 8 tokens, and nothing says so.

## Example
`cutoff_len: 010`

## What to do
Write the number without a leading 0 and without colons.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.record import TrainingCase


@training_rule("CF024", "number-read-otherwise", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Show what is read."""
    for key, text in case.config.odd.items():
        base = "base 60" if ":" in text else "octal"
        yield Hit(
            f"`{key}: {clip(text, 60)}` is read as {shown(case.config.given[key])}: YAML takes it as {base}",
            "Write the number you mean, without a leading 0 and without colons.",
            evidence={"key": key, "text": clip(text, 60)},
        )


RULE = check
