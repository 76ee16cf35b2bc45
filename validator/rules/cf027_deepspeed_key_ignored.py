"""A key of DeepSpeed's configuration that nothing reads.

## What it finds
Keys at the top level, and in blocks whose keys DeepSpeed looks up one by one (`activation_checkpointing`, `optimizer`,
`flops_profiler` ..., before 0.17.1 `fp16` and `bf16`), that this release never asks for. In the other blocks such a key
ends the run (CF026).

## Why it matters
There is no message: training runs with the default of the key that was meant. `gradient_cliping` has no effect on
clipping.

## Example
`"gradient_cliping": 1.0`

## What to do
Correct the name, or remove the key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.deepspeed_parser.release import known_from
from validator.training.deepspeed_parser.verdict import ignored
from validator.training.record import TrainingCase

MOST = 20
"""Findings of one file; the others are counted."""


@training_rule("CF027", "deepspeed-key-ignored", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare with the keys that the parser looks up."""
    if case.deepspeed is None:
        return
    found = list(ignored(case.deepspeed.raw, case.release))
    for key, known in found[:MOST]:
        section, _, word = key.rpartition(".")
        near = next(iter(difflib.get_close_matches(word[:120], known, n=1, cutoff=0.75)), None)
        other = known_from(section, word, case.release)
        when = f"; {other}" if other else ""
        meant = f"{section}.{near}".lstrip(".") if near else None
        yield Hit(
            f"`{clip(key, 120)}` in {case.deepspeed.name} is not read by {case.release.shown}{when}"
            + (f": `{meant}` keeps its default" if meant else ""),
            f"Write `{meant}`."
            if meant
            else "Remove it, or install a release that knows it."
            if other
            else "Remove it.",
            evidence={"key": clip(key, 120), "near": meant, "deepspeed": case.release.version},
        )
    if len(found) > MOST:
        yield Hit(f"{len(found) - MOST:,} more keys of {case.deepspeed.name} are not read", "Remove them.")


RULE = check
