"""A checkpoint folder without weights.

## What it finds
A folder with no file by which weights are found: `model.safetensors`, `model.safetensors.index.json`,
`pytorch_model.bin`, `pytorch_model.bin.index.json`, or those of an adapter; and what is there instead: the
`checkpoint-N` of a run that did not reach its end, the state of DeepSpeed's ranks, shards without their index.

## Why it matters
Loading stops, on every rank, after the data is preprocessed: `OSError: Error no file named model.safetensors, or
pytorch_model.bin, found in directory`.

## Example
`model_name_or_path: saves/stage1`, where only `saves/stage1/checkpoint-500` has weights.

## What to do
Name the folder that has them, or copy or save them again.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK014", "checkpoint-without-weights", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Tell what lies there instead."""
    if lack := case.facts.lack:
        yield Hit(lack.reason, lack.remedy, evidence={"folder": case.facts.folder})


RULE = check
