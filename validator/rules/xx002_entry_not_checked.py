"""An entry that was not checked.

## What it finds
Selected entries of a kind that mmvalidate does not read yet, or that it cannot reach.

## Why it matters
The run is incomplete and ends with exit code 3: nothing is known about these rows.

## Example
An entry with `"hf_hub_url"` that was named with `--dataset`.

## What to do
Leave it out with `--dataset`, or check it by other means.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report entries that were not read."""
    if entry.unchecked is not None:
        yield Hit(f"not checked: {entry.unchecked}", "Select other entries with --dataset, or check it by other means.")


RULE = corpus_rule("XX002", "entry-not-checked", "info", CorpusCheck(finish), trainers=every)
