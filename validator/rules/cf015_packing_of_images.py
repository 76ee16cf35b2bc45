"""Packing that crashes on this data, or mixes its rows, in this version.

## What it finds
`neat_packing` without flash attention over data in which rows have no image: a pack of such rows alone crashes.
`packing` without `neat_packing`: rows of a pack see each other.

## Why it matters
The collator adds an image to a pack without media after building its mask: `RuntimeError: The size of tensor a (136)
must match the size of tensor b (144)` (measured with 0.9.5 and SDPA). Plain packing trains every row with the rows
before it as its context. NaN under packing: LLaMA-Factory#7318.

## Example
`neat_packing: true` over text and screenshots.

## What to do
`packing: false`, or `flash_attn: fa2` with `neat_packing`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF015", "packing-of-images", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at what is packed."""
    config, data = case.config, case.data
    if config["neat_packing"]:
        bare = 0 if data is None else int(((data.images + data.videos) == 0).sum())
        if bare and config["flash_attn"] not in ("fa2", "fa3"):
            yield Hit(
                f"`neat_packing` with `flash_attn: {config['flash_attn']}`, and {bare:,} rows have no image: a pack of "
                "only such rows stops training with RuntimeError: The size of tensor a must match the size of tensor b",
                "Set flash_attn: fa2, or packing: false.",
                evidence={"key": "neat_packing", "rows": bare},
            )
    elif config["packing"]:
        yield Hit(
            "`packing` without `neat_packing`: every row is trained with the rows before it in its pack as context",
            "Set neat_packing: true, or packing: false.",
            evidence={"key": "packing"},
        )


RULE = check
