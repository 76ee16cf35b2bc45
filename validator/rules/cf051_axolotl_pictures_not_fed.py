"""Data with images that axolotl's configuration trains as text.

## What it finds
Data with a column `image` or `images`, or with messages that name images, where rows are prepared as text: without
`processor_type`, or with `sample_packing: true`, and without `skip_prepare_dataset: true`.

## Why it matters
Nothing stops: messages are tokenized without their images, places for them vanish, and the model learns to answer
about pictures that it has not seen.

## Example
`base_model: Qwen/Qwen2-VL-7B-Instruct` and data with `images`, without another word.

## What to do
Write `processor_type: AutoProcessor`, `skip_prepare_dataset: true`, `remove_unused_columns: false` and
`sample_packing: false`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, axolotl_rule
from validator.training.axolotl_config import AxolotlCase


@axolotl_rule("CF051", "axolotl-pictures-not-fed", "error")
def check(case: AxolotlCase) -> Iterator[Hit]:
    """Look whether pictures meet a collator that reads them."""
    config = case.config
    if not case.pictured or config.is_on("skip_prepare_dataset"):
        return
    if not config["processor_type"] or config.is_on("sample_packing"):
        key = "sample_packing" if config["processor_type"] else "processor_type"
        yield Hit(
            "the data have images, and the configuration prepares rows as text: they are trained without their images",
            "Write processor_type: AutoProcessor, skip_prepare_dataset: true and sample_packing: false.",
            evidence={"key": key},
        )


RULE = check
