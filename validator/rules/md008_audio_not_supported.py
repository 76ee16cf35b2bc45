"""Audio that the model does not support, or images that the template does not support.

## What it finds
Rows with a non-empty audios column, and rows with images or videos under a `template` without image support.

## Why it matters
Qwen2-VL has no audio tower, and `llama3` no image support: `ValueError: This model does not support audio input. Please
check whether the correct `template` is used.` ends the run at the first such row.

## Example
An omni-modal set listed in a Qwen2-VL run; `template: llama3` over screenshots.

## What to do
Leave the entry out of this run, or train an audio model on it; name the model's own template.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("MD008", "audio-not-supported", "error", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with audio."""
    if audios := case.facts.of_kind("audio"):
        yield Hit(
            f"the row has {count(len(audios), 'audio clip')}, but audio is not supported by this model",
            "Remove the audio with its placeholder, or leave the row out of this run.",
        )
    if any(problem.kind == "media-refused" for problem in case.facts.problems):
        yield Hit(
            f"the row has images or videos, which the template {case.settings.template} does not support: "
            "the trainer stops",
            "Set the model's own template, qwen2_vl for Qwen2-VL and Qwen2.5-VL.",
        )


RULE = check
