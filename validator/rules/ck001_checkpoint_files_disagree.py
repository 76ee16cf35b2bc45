"""A checkpoint whose files are damaged or contradict each other.

## What it finds
Files that the index names and that are not there, tensors that lie in another file than the index says or in two, files
that are cut off, headers that cannot be read, a config.json that is missing or belongs to another model.

## Why it matters
Loading stops, on every rank, after the queue: `SafetensorError: Error while deserializing header: incomplete metadata,
file not fully covered`. Or it does not stop: a tensor that no file contains is initialised at random, with one warning
among many.

## Example
A copy that was interrupted: `model-00003-of-00004.safetensors ends too early`.

## What to do
Copy or save the checkpoint again.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule


@checkpoint_rule("CK001", "checkpoint-files-disagree", "error")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Tell what was wrong with the files."""
    for problem in case.facts.problems:
        yield Hit(problem, "Copy or save the checkpoint again.", evidence={"folder": case.facts.folder})


RULE = check
