"""A key in axolotl's configuration that axolotl does not know.

## What it finds
Keys that are no field of axolotl 0.19.0's configuration, nor of one of its `datasets`, with the nearest known one. With
`plugins`, which bring keys of their own, only those within `datasets` are looked at.

## Why it matters
axolotl drops such keys, says nothing, and trains with its defaults. `roles_to_train` and `train_on_eos` are read within
the first of `datasets` alone, and `processor_config` not at all.

## Example
`sequence_length: 4096`, which leaves `sequence_len` at 512.

## What to do
Correct the key, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, axolotl_rule
from validator.training.axolotl_config import AxolotlCase, near_axolotl

SHOWN = 20
"""Unknown keys that are named, each with the nearest known one."""
_WITHIN = ("roles_to_train", "train_on_eos", "field_messages")


@axolotl_rule("CF047", "axolotl-key-unknown", "warning")
def check(case: AxolotlCase) -> Iterator[Hit]:
    """Look at the keys that were not recognised."""
    for key in case.config.unknown[:SHOWN]:
        close = "datasets[0]." + key if key in _WITHIN else near_axolotl(key)
        if key == "processor_config":
            fix = "Remove it: the processor is that of `base_model`."
        elif key in _WITHIN:
            fix = f"Write `{key}` within the first of `datasets`."
        else:
            fix = f"Did you mean `{clip(close)}`?" if close else "Remove it."
        yield Hit(
            f"`{clip(key)}` is not a key of axolotl, which drops it and says nothing",
            fix,
            evidence={"key": clip(key), "near": close},
        )
    if (more := len(case.config.unknown) - SHOWN) > 0:
        yield Hit(f"{more:,} more keys are unknown to axolotl", "Check that this is a configuration of axolotl.")


RULE = check
