"""A model saved by transformers 5 that training with transformers 4 cannot use.

## What it finds
Where transformers is known to be of version 4 (`--versions`, else as installed here): a Qwen2-VL whose config.json has
its rotary embedding under `rope_parameters` without `rope_scaling`, or whose tokenizer_config.json has
`extra_special_tokens` as a list.

## Why it matters
Both are written by transformers 5. Measured with a checkpoint of 5.6.0: under 4.57.1 the weights load, and the first
forward stops with `TypeError: 'NoneType' object is not subscriptable`, at `self.rope_scaling["mrope_section"]`; under
4.49.0 loading stops with an AttributeError. Tokenizer and processor stop under both with `AttributeError: 'list' object
has no attribute 'keys'`.

## Example
A stage 1 of LLaMA-Factory 0.9.5 with transformers 5.6.0 as `model_name_or_path` of a stage 2 under 4.57.1.

## What to do
Train with the transformers that saved it; or take config.json and the tokenizer's files from the original model, where
the vocabulary is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

FIRST = "5.0.0"
"""The first transformers that reads both."""
OLDEST_TOKENS = (4, 49)
"""From here on `extra_special_tokens` is read (read in 4.49.0, 4.52.4 and 4.57.1; 4.46.1 does not know it)."""


@training_rule("CF040", "saved-by-newer-transformers", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare what the files hold with what the version reads."""
    saved, version = case.saved, case.versions["transformers"]
    if saved is None or version is None or not case.versions.before("transformers", FIRST):
        return
    writer = f" (saved by transformers {clip(saved.writer, 40)})" if saved.writer else ""
    with_it = case.versions.shown("transformers")
    advice = "Train with transformers 5, which saved it, or take {} of the original model."
    if saved.new_rotary:
        how = (
            "loads the model but stops at the first forward pass: TypeError: 'NoneType' object is not subscriptable"
            if version >= (4, 52)
            else "stops when it loads the model"
        )
        yield Hit(
            f"config.json of the model{writer} has `rope_parameters` and no `rope_scaling`: {with_it} {how}",
            advice.format("config.json"),
            evidence={"file": "config.json", "writer": saved.writer, "key": "rope_parameters"},
        )
    if saved.listed_tokens and version >= OLDEST_TOKENS:
        yield Hit(
            f"tokenizer_config.json of the model{writer} has a list of `extra_special_tokens`: {with_it} stops when it "
            "loads tokenizer and processor: AttributeError: 'list' object has no attribute 'keys'",
            advice.format("the tokenizer's files"),
            evidence={"file": "tokenizer_config.json", "writer": saved.writer, "key": "extra_special_tokens"},
        )


RULE = check
