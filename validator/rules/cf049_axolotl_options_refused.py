"""Options of axolotl's configuration at which training stops before, or at, the first row.

## What it finds
`skip_prepare_dataset: true` without `processor_type`, with `sample_packing: true` or with `remove_unused_columns:
true`; and `processor_type` without `skip_prepare_dataset: true`.

## Why it matters
With `skip_prepare_dataset` rows come as they are, and only the collator that `processor_type` asks for reads them: that
of text stops with `ValueError: You should supply an encoding ... that includes input_ids`, packing with `Column
'input_ids' doesn't exist`. Without it rows are tokenized before, and the collator of pictures stops: `ValueError: Only
configured field_messages, messages, and conversations message keys are currently supported`.

## Example
`processor_type: AutoProcessor` alone.

## What to do
Write `processor_type: AutoProcessor`, `skip_prepare_dataset: true`, `remove_unused_columns: false` and
`sample_packing: false`, as axolotl's documentation has it for pictures.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, axolotl_rule
from validator.training.axolotl_config import AxolotlCase, AxolotlConfig, shown_key

_NO_IDS = "ValueError: You should supply an encoding that includes input_ids"
_NO_MESSAGES = "ValueError: Only configured `field_messages`, `messages`, and `conversations` are supported"
_Stop = tuple[str, str, str]
"""A key, what axolotl says, the fix."""


@axolotl_rule("CF049", "axolotl-options-refused", "error")
def check(case: AxolotlCase) -> Iterator[Hit]:
    """Put the options together."""
    for key, words, fix in _stops(case.config):
        yield Hit(f"{shown_key(case.config, key)}: axolotl stops with {words}", fix, evidence={"key": key})


def _stops(config: AxolotlConfig) -> Iterator[_Stop]:
    collates, raw = bool(config["processor_type"]), config.is_on("skip_prepare_dataset")
    if raw and config.is_on("sample_packing"):
        yield "sample_packing", "ValueError: Column 'input_ids' doesn't exist", "Write sample_packing: false."
    elif raw and not collates:
        yield "processor_type", _NO_IDS, "Add processor_type: AutoProcessor."
    elif collates and not raw and not config.is_on("sample_packing"):
        yield "skip_prepare_dataset", _NO_MESSAGES, "Write skip_prepare_dataset: true."
    if raw and collates and config.is_on("remove_unused_columns"):
        words = "ValueError: No columns in the dataset match the model's forward method signature"
        yield "remove_unused_columns", words, "Write remove_unused_columns: false."


RULE = check
