"""A key that the trainer silently ignores.

## What it finds
Keys of an entry, of its `columns` or of its `tags` that the trainer does not know, and names that appear twice in
dataset_info.json (the last one counts).

## Why it matters
A mistyped key has no effect and no message: with `column` instead of `columns` the defaults hold, and the images are
never read.

## Example
```json
{"screens": {"file_name": "screens.json", "column": {"images": "images"}}}
```

## What to do
Correct the spelling. Keys that begin with `_` are treated as comments.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from validator.catalog.entry import COLUMN_DEFAULTS, KNOWN_KEYS, TAG_DEFAULTS
from validator.findings import clip
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule

_NAMES = {"": KNOWN_KEYS, "columns": COLUMN_DEFAULTS, "tags": TAG_DEFAULTS}


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report unknown keys with the nearest known one."""
    if entry.repeated:
        yield Hit("the name of this entry appears twice in dataset_info.json: only the last one counts", "Rename one.")
    for block, key in entry.entry.mistyped if entry.entry else ():
        close = difflib.get_close_matches(key, list(_NAMES[block]), n=1)
        where = f"`{block}.{clip(key)}`" if block else f"`{clip(key)}`"
        hint = f"Did you mean `{close[0]}`?" if close else "Remove it, or begin it with `_` if it is a comment."
        yield Hit(f"the trainer ignores {where}", hint, evidence={"key": clip(key)})


RULE = corpus_rule("DI010", "ignored-key", "warning", CorpusCheck(finish))
