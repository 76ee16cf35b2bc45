"""Attention logits that have grown too large for BF16.

## What it finds
With a `--base`: layers in which the largest possible logit (the spectral norm of q'k of a head, after the layer's norm
weight) is 16 times the base's or more.

## Why it matters
BF16 has 8 significant bits: near a logit of 1000, representable numbers are 4 apart. Measured: with q and k doubled (4
times the logits) the gradient of a BF16 step is 2 % off the FP32 one, at 16 times 12 %, at 64 times 89 %. The loss and
the largest activation do not show it: 1.838 against 1.839.

## Example
A stage 1 at too high a learning rate over short texts.

## What to do
Start from an earlier checkpoint. FP32 attention alone does not fix it. `mmvalidate replay` measures the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule

MOST = 16.0


@checkpoint_rule("CK008", "attention-logits-grown", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Name the layer that has grown most."""
    grown = [layer for layer in case.facts.attention if layer.growth >= MOST]
    if grown:
        worst = max(grown, key=lambda layer: layer.growth)
        yield Hit(
            f"attention logits of {len(grown)} of {len(case.facts.attention)} layers are {MOST:g} times the base's or "
            f"more; the largest growth is in layer {worst.layer}, head {worst.head}: {worst.growth:.0f} times",
            "Start from an earlier checkpoint: a BF16 gradient of this one is noise.",
            evidence={"layer": worst.layer, "head": worst.head, "growth": round(worst.growth, 3), "layers": len(grown)},
        )


RULE = check
