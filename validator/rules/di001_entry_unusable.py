"""An entry of dataset_info.json that the trainer cannot use.

## What it finds
An entry that is not an object, names no data (`file_name`, a hub URL, `script_url`, `cloud_file_name`), asks for a
formatting that the trainer does not have (LLaMA-Factory: alpaca, sharegpt, openai; names are case-sensitive), or holds
a `columns` or `tags` block with values that are not strings.

## Why it matters
The run stops before the first row: `KeyError: 'file_name'`, or `Dataset converter ShareGPT not found.`

## Example
```json
{"screens": {"file_name": "screens.json", "formatting": "ShareGPT"}}
```

## What to do
Correct the entry; the message says what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report the reason that parsing the entry gave."""
    if entry.fault is not None:
        name = os.path.basename(entry.settings.dataset_info)
        name = name if name.endswith((".yaml", ".yml")) else "dataset_info.json"
        yield Hit(f"the trainer cannot use this entry: {entry.fault}", f"Correct the entry in {name}.")


RULE = corpus_rule("DI001", "entry-unusable", "error", CorpusCheck(finish, stops_entry=True), trainers=every)
