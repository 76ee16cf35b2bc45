"""A value in TRL's training file that is not of the type of its key, or that TRL does not look at.

## What it finds
Values other than texts that are not of the type of their key: TRL converts texts alone, and takes others as they are.
Keys about one dataset (`dataset_name`, `dataset_config`, `dataset_streaming`) beside `datasets`, and `packing_strategy`
without `packing`.

## Why it matters
`packing: 3` packs. A `dataset_name` beside `datasets` is not trained on, and TRL says so in a warning only.

## Example
`packing: 3`

## What to do
Write a value of the type that the key expects, or remove the key.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, trl_rule
from validator.training.config import shown
from validator.training.trl_arguments import trl_arguments
from validator.training.trl_config import TrlCase

_KINDS = {
    "bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text", "list": "a list",
    "dict": "a mapping", "null": "null",
}  # fmt: skip


@trl_rule("CF046", "trl-value-not-meant", "warning")
def check(case: TrlCase) -> Iterator[Hit]:
    """Look at values that are taken unchecked, and at keys that are not looked at."""
    for key in case.config.loose:
        meant = " or ".join(_KINDS.get(kind, "a value") for kind in trl_arguments()[key].types)
        yield Hit(
            f"`{key}: {shown(case.config.given[key])}` is not what the key expects ({meant}), and TRL takes it "
            "unchecked",
            f"Write {meant}.",
            evidence={"key": key},
        )
    for key in ("dataset_name", "dataset_config", "dataset_streaming") if case.config.parts else ():
        if case.config.given.get(key):
            yield Hit(f"`{key}` is ignored beside `datasets`", "Remove one of the two.", evidence={"key": key})
    if "packing_strategy" in case.config.given and not case.config["packing"]:
        said = "`packing_strategy` does nothing without `packing`"
        yield Hit(said, "Add packing: true, or remove it.", evidence={"key": "packing_strategy"})


RULE = check
