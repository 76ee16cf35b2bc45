"""A value in TRL's training file at which its parser stops.

## What it finds
Texts where a number or a switch is expected, words that an option does not have, an `env` or `datasets` of another
shape, and switches of accelerate's launcher, which take no value. What transformers checks beyond that, such as options
that exclude each other, is not looked at.

## Why it matters
The run stops at start-up: `trl sft: error: argument --max_length/--max-length: invalid int value: '1e3'`. PyYAML reads
`1e3` as text, and `no` as false: `eval_strategy: no` is refused for it.

## Example
`eval_strategy: no`

## What to do
Write the value that the key expects: whole numbers without an exponent, words such as "no" in quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, trl_rule
from validator.training.config import shown
from validator.training.trl_arguments import trl_arguments, trl_table
from validator.training.trl_config import TrlCase


@trl_rule("CF043", "trl-value-refused", "error")
def check(case: TrlCase) -> Iterator[Hit]:
    """Say what the parser says."""
    table = trl_arguments()
    for key, words in case.config.refused.items():
        default = f"Its default is {shown(table[key].default)}." if key in table else "Write a mapping."
        quoted = isinstance(case.config.given[key], bool) and key in table and table[key].choices
        yield Hit(
            f"`{key}: {shown(case.config.given[key])}`: TRL stops with {clip(words)}",
            f'Write {key}: "no", in quotes: YAML reads no as false.' if quoted else f"Correct the value. {default}",
            evidence={"key": key},
        )
    launch = trl_table()["launch"]
    for key, value in case.config.given.items():
        if key not in table and launch.get(key) is False:
            yield Hit(
                f"`{clip(key)}` is a switch of accelerate's launcher, which takes no value: it takes {shown(value)} "
                "for the script to start, and stops",
                f"Remove it here, and give --{clip(key)} on the command line.",
                evidence={"key": clip(key)},
            )


RULE = check
