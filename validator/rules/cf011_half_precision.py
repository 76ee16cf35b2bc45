"""Qwen2-VL in FP16.

## What it finds
`fp16: true`, or `fp16.enabled` in DeepSpeed's file.

## Why it matters
The largest FP16 number is 65504. Qwen2's activations exceed it on healthy samples (QwenLM/Qwen3#826, #868,
transformers#33294): loss and gradients overflow, the loss scale keeps falling.

## Example
`fp16: true` on V100 cards.

## What to do
`bf16: true` on cards that have it, FP32 on others.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF011", "half-precision", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at both files."""
    asked = case.deepspeed.enabled("fp16", case.config) if case.deepspeed else case.config["fp16"]
    if (asked or case.config["fp16"]) and case.model_type in (None, "qwen2_vl"):
        where = "" if case.config["fp16"] else f" in {case.deepspeed.name}" if case.deepspeed else ""
        yield Hit(
            f"`fp16` is on{where}: Qwen2-VL's activations exceed the largest FP16 number, 65504, on healthy samples",
            "Train with bf16: true.",
            evidence={"key": "fp16"},
        )


RULE = check
