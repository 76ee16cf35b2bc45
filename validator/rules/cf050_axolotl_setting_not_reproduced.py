"""A setting of axolotl's configuration that changes what is fed, and that mmvalidate does not reproduce.

## What it finds
Settings under which labels differ from what was checked (`roles_to_train` and `train_on_eos` of the first of
`datasets`, `role_boundaries`), sizes of images (`processor_kwargs` other than a `max_pixels` within the limits
of the processor), or rows (`shards`, `streaming`, `dataset_exact_deduplication`, `plugins` of others). Under a
`chat_template` other than `qwen2_vl`, with `image_size` and with `field_messages` of another name, rows are unchecked.

## Why it matters
The findings about the data hold without these settings; with them some may be wrong.

## Example
`train_on_eos: last`

## What to do
Keep this in mind when you read the findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from validator.catalog.axolotl_file import not_collated
from validator.rules.base import Hit, axolotl_rule
from validator.training.axolotl_config import AxolotlCase, AxolotlConfig, pixels, shown_key, wanted_pixels
from validator.training.config import shown

_DIFFER = "The findings about the data may differ from what axolotl does."
_LABELS = "the data was checked with answers as labels, and their `<|im_end|>`"
_ALL_ROWS = "all rows were checked"
_OF_ROWS = {
    "dataset_exact_deduplication": _ALL_ROWS,
    "streaming": "the data was checked as it is loaded without streaming",
}


@axolotl_rule("CF050", "axolotl-setting-not-reproduced", "warning")
def check(case: AxolotlCase) -> Iterator[Hit]:
    """Compare with what the counts are made under."""
    config = case.config
    for key, said in _OF_ROWS.items():
        if config[key]:
            yield Hit(f"{shown_key(config, key)}: {said}", _DIFFER, evidence={"key": key})
    plugins = config["plugins"]
    if isinstance(plugins, list) and not all(str(name).startswith("axolotl.integrations.") for name in plugins):
        yield Hit("`plugins`: the data was checked as it is read without them", _DIFFER, evidence={"key": "plugins"})
    for number, part in enumerate(config.parts):
        if part.get("shards"):
            yield _within(number, part, "shards", _ALL_ROWS)
    if not_collated(config.given) is not None:
        return
    if not config.is_on("train_on_inputs"):  # under which nothing else says what is learned
        if config["role_boundaries"]:
            yield Hit(f"`role_boundaries`: {_LABELS}", _DIFFER, evidence={"key": "role_boundaries"})
        else:
            yield from _of_parts(config)
    if (given := config["processor_kwargs"]) and not _within_limits(config, given):
        said = "the data was checked with the processor's own limits of pixels"
        yield Hit(f"{shown_key(config, 'processor_kwargs')}: {said}", _DIFFER, evidence={"key": "processor_kwargs"})


def _of_parts(config: AxolotlConfig) -> Iterator[Hit]:
    """The first of `datasets` says what is learned of all."""
    for number, part in enumerate(config.parts):
        roles, ends = part.get("roles_to_train"), part.get("train_on_eos")
        if number:
            ignored = "axolotl learns of all rows what the first of `datasets` says"
            first = config.parts[0]
            for key, value in (("roles_to_train", roles), ("train_on_eos", ends)):
                if value is not None and value != first.get(key):
                    yield _within(number, part, key, ignored, "Write it within the first, or train on each alone.")
            continue
        if roles is not None and roles != ["assistant"]:
            yield _within(number, part, "roles_to_train", _LABELS)
        if ends not in (None, "turn"):
            yield _within(number, part, "train_on_eos", _LABELS)


def _within(number: int, part: Any, key: str, said: str, fix: str = _DIFFER) -> Hit:
    name = f"datasets[{number}].{key}"
    return Hit(f"`{name}: {shown(part[key])}`: {said}", fix, evidence={"key": name})


def _within_limits(config: AxolotlConfig, given: Any) -> bool:
    """Whether the limits are those that the data was checked with."""
    limits = pixels(config)
    if not isinstance(given, dict) or given.keys() != {"max_pixels"} or limits is None:
        return False
    most = wanted_pixels(config)
    return most is not None and limits[0] <= most <= limits[1]


RULE = check
