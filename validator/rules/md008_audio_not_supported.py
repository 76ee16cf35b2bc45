"""Audio for a model that hears nothing.

## What it finds
Rows with a non-empty audios column.

## Why it hurts
Qwen2-VL has no audio tower: `ValueError: This model does not support audio input. Please check whether the correct
`template` is used.` ends the run at the first such row.

## Example
An omni-modal set listed in a Qwen2-VL run.

## What to do
Leave the entry out of this run, or train an audio model on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import EVERY, Case, Hit, row_rule


@row_rule("MD008", "audio-not-supported", "error", needs="media", trainers=EVERY)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with audio."""
    if audios := case.facts.of_kind("audio"):
        yield Hit(
            f"the row has {count(len(audios), 'audio clip')}: the model takes none",
            "Remove the audio with its placeholder, or leave the row out of this run.",
        )


RULE = check
