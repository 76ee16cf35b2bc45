"""A data file whose extension the trainer does not accept.

## What it finds
A `file_name` that does not end in arrow, csv, json, jsonl, parquet or txt. Upper and lower case count: `.JSON` is
refused. The content is not looked at for this.

## Why it hurts
The run stops before the first row: `ValueError: Allowed file types: arrow,csv,json,jsonl,parquet,txt.`

## Example
```json
{"screens": {"file_name": "screens.JSON"}}
```

## What to do
Rename the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report files whose extension is not on the trainer's list."""
    for file in entry.files:
        if file.problem == "type":
            yield Hit(
                f"the trainer does not accept the extension of `{file.name}`",
                "Rename it to end in .json or .jsonl (lower case).",
                file=file.name,
            )


RULE = corpus_rule("DI003", "file-type-refused", "error", CorpusCheck(finish))
