"""A key in TRL's training file that TRL does not know.

## What it finds
Keys that are no argument of `trl sft` (TRL 1.16.0 with transformers 5.24), nor of accelerate's launcher, with the
nearest known one. Keys are written with underscores: `max-length` is not known.

## Why it matters
`trl sft --config` hands such keys to accelerate, which stops: `error: unrecognized arguments: --max_seq_length`.
Started as `python sft.py --config` or by `accelerate launch`, the run goes on without the setting and says nothing.

## Example
`max_seq_length: 4096`

## What to do
Correct the key, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, trl_rule
from validator.training.trl_config import TrlCase, near_trl

SHOWN = 20
"""Unknown keys that are named, each with the nearest known one."""


@trl_rule("CF042", "trl-key-unknown", "error")
def check(case: TrlCase) -> Iterator[Hit]:
    """Look at the keys that were not recognised."""
    stops = "`trl sft` stops with unrecognized arguments, and a script that is started directly ignores it"
    for key in case.config.unknown[:SHOWN]:
        close = near_trl(key)
        yield Hit(
            f"`{clip(key)}` is not a key of `trl sft`: {stops}",
            f"Did you mean `{close}`?" if close else "Remove it.",
            evidence={"key": clip(key), "near": close},
        )
    if (more := len(case.config.unknown) - SHOWN) > 0:
        yield Hit(f"{more:,} more keys are unknown to `trl sft`: {stops}", "Check that this is a training file of TRL.")


RULE = check
