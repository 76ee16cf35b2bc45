"""Preprocessed data is reused even if data or settings have changed since.

## What it finds
A `tokenized_path` that exists: the trainer loads it and ignores every data setting. The message says so where a data
file or medium is newer. A folder that `mmvalidate tokenize` has written says for which settings and data: where those
of the training file differ it is an error, and where they do not, nothing is found.

## Why it matters
`Loading dataset from disk will ignore other data arguments.` Its image token counts are those of the images at that
time, but images are opened again for each batch. An image that was replaced has a different count: `Image features and
image tokens do not match`, in the middle of training. The cache of `datasets`, which is used unless `overwrite_cache:
true`, does the same: it does not know the images' bytes either (measured: 41 tokens kept where 349 are right).

## Example
`tokenized_path: cache/stage2` of last week, screenshots taken again yesterday.

## What to do
Remove the folder, or name another; set `overwrite_cache: true` after changing images.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.preprocessed import differences
from validator.training.record import TrainingCase

SHOWN = 5
"""Differences that are told."""


@training_rule("CF019", "preprocessed-data-reused", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the times."""
    if case.cached is None:
        return
    newest = case.data.newest if case.data else None
    later = newest is not None and newest[0] > case.cached
    if case.preprocessed is not None:
        inputs = case.data.inputs if case.data else None
        other = list(differences(case.preprocessed, case.config, inputs))
        if other:
            yield Hit(
                f"`tokenized_path` {clip(str(case.config['tokenized_path']))} was written for "
                f"{'; '.join(other[:SHOWN])}: the trainer loads these rows, whatever the training file says",
                "Write it again with `mmvalidate tokenize`, or name another folder.",
                evidence={"key": "tokenized_path", "differences": other[:SHOWN]},
                severity="error",
            )
        if other or not later:
            return
    changed = f", and `{clip(newest[1])}` has changed since" if newest is not None and later else ""
    yield Hit(
        f"`tokenized_path` {clip(str(case.config['tokenized_path']))} exists{changed}: the trainer loads it and "
        "ignores `dataset`, `cutoff_len`, `image_max_pixels` and the other data settings",
        "Remove it, or name another folder.",
        evidence={"key": "tokenized_path", "older_than_media": later},
    )


RULE = check
