"""A model that is not quantized although the training file asks for it.

## What it finds
`quantization_method: bitsandbytes` with `quantization_bit`, under LLaMA-Factory 0.9.3 and later; `bnb` before.

## Why it matters
From 0.9.3 on the value is `bnb`. The old one is accepted but matches no method, and the model is silently loaded
unquantized: QLoRA becomes LoRA, with three times the memory of the weights (measured with 0.9.5).

## Example
`quantization_bit: 4` with `quantization_method: bitsandbytes`

## What to do
Write `quantization_method: bnb`, or remove the line: it is the default.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF025", "model-not-quantized", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look for the word of another release."""
    early = case.versions.before("llamafactory", "0.9.3")
    wrong, right = ("bnb", "bitsandbytes") if early else ("bitsandbytes", "bnb")
    if case.config.given.get("quantization_method") == wrong and case.config["quantization_bit"]:
        since = "before LLaMA-Factory 0.9.3" if early else "since LLaMA-Factory 0.9.3"
        yield Hit(
            f"`quantization_method: {wrong}` is accepted but quantizes nothing: {since} the value is `{right}`",
            f"Write quantization_method: {right}.",
            evidence={"key": "quantization_method"},
        )


RULE = check
