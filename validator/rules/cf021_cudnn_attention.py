"""A version of torch whose cuDNN attention gives NaN gradients.

## What it finds
torch 2.5 with `flash_attn: auto` or `sdpa`.

## Why it matters
torch 2.5 prefers cuDNN for scaled_dot_product_attention on H100 and similar GPUs, and its backward pass gives NaN: loss
60 falling to 0, `grad_norm` nan from the first step (LLaMA-Factory#7388, #8088, pytorch#139298).

## Example
torch 2.5.1 on H800 with `flash_attn: auto`.

## What to do
`flash_attn: fa2`, or another torch; `mmvalidate replay` tries the attention kernels one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF021", "cudnn-attention", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the version."""
    torch = case.versions["torch"]
    if torch is not None and torch[:2] == (2, 5) and case.config["flash_attn"] in ("auto", "sdpa"):
        yield Hit(
            f"{case.versions.shown('torch')} with `flash_attn: {case.config['flash_attn']}`: on H100 and similar GPUs "
            "cuDNN's attention gives NaN gradients",
            "Set flash_attn: fa2, or use another torch.",
            evidence={"key": "flash_attn", "torch": case.versions.known["torch"]},
        )


RULE = check
