"""The data file of an entry does not exist.

## What it finds
A `file_name` that, joined to the folder of dataset_info.json, is neither a file nor a folder, or that cannot be opened.

## Why it matters
The run stops before the first row: `ValueError: File data/screens.json not found.`

## Example
```json
{"screens": {"file_name": "screen.json", "formatting": "sharegpt"}}
```
while the folder holds `screens.json`.

## What to do
Correct `file_name`, or put the file there. It is relative to the folder of dataset_info.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report files that are absent or cannot be opened."""
    for file in entry.files:
        if file.problem in ("missing", "unreadable"):
            detail = "does not exist" if file.problem == "missing" else f"cannot be opened: {file.detail}"
            folder = entry.settings.folder
            yield Hit(
                f"the data file `{file.name}` {detail}",
                f"Put it into `{folder}`, or correct `file_name`.",
                file=file.name,
            )


RULE = corpus_rule("DI002", "data-file-missing", "error", CorpusCheck(finish, stops_entry=True), trainers=every)
