"""A setting of TRL's training file that changes what is fed, and that mmvalidate does not reproduce.

## What it finds
Keys with another value than the default under which tokens, rows or their order differ from what was checked:
`chat_template_path`, `eos_token`, `truncation_mode: keep_end`, packing strategies that split rows, streaming, data that
are not prepared (`dataset_kwargs`), a `max_length` that is not a number above 0; and shares of rows (`fraction`,
`test_split_size`), of which all rows are checked.

## Why it matters
The findings about the data hold without these settings; with them some may be wrong.

## Example
`chat_template_path: template.jinja`

## What to do
Keep this in mind when you read the findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, trl_rule
from validator.training.config import shown
from validator.training.trl_config import TrlCase, TrlConfig, counts

_DIFFER = "The findings about the data may differ from what TRL does."


@trl_rule("CF045", "trl-setting-not-reproduced", "warning")
def check(case: TrlCase) -> Iterator[Hit]:
    """Compare with what the counts are made under."""
    for key, said in _unread(case.config, pictured=bool(case.pictured)):
        yield Hit(f"`{key}: {shown(case.config[key])}`: {said}", _DIFFER, evidence={"key": key})
    if case.config["test_split_size"] is not None and case.config.parts:
        said = "rows are held out at random to evaluate on; all rows were checked"
        yield Hit(f"`test_split_size: {shown(case.config['test_split_size'])}`: {said}", _DIFFER)
    if any(part.get("fraction") is not None for part in case.config.parts):
        yield Hit("`fraction`: TRL takes the first rows of each dataset alone; all rows were checked", _DIFFER)


def _unread(config: TrlConfig, *, pictured: bool) -> Iterator[tuple[str, str]]:
    if config["chat_template_path"] is not None:
        yield "chat_template_path", "the data was checked with the template of the model"
    if config["eos_token"] is not None:
        yield "eos_token", "the data was checked with the token of the model"
    if not pictured and config["truncation_mode"] == "keep_end" and config["max_length"] is not None:
        yield "truncation_mode", "the data was checked with rows that are cut at their end"
    if not pictured and config["packing"] and config["packing_strategy"] in ("bfd_split", "bfd-requeue", "wrapped"):
        yield "packing_strategy", "rows are split where a pack is full; they were checked whole, and cut at max_length"
    streaming = "streaming" if config.parts else "dataset_streaming"
    if config[streaming]:
        yield streaming, "the data was checked as it is loaded without streaming"
    kept = config["dataset_kwargs"]
    if isinstance(kept, dict) and kept.get("skip_prepare_dataset"):
        yield "dataset_kwargs", "the data was checked as TRL prepares it"
    if config["max_length"] is not None and not counts(config["max_length"]):
        yield "max_length", "it is not a whole number above 0; the data was checked with the default of 1024"


RULE = check
