"""Data files whose extension the trainer does not accept, or that are of different kinds.

## What it finds
A `file_name` that does not end in arrow, csv, json, jsonl, parquet or txt. Extensions are case-sensitive: `.JSON` is
refused. In a folder, everything in it counts, hidden files and sub-folders too, and all must be of one kind (json and
jsonl are one). The content does not matter here. Also a path with `*`, `?` or `[`, which the loader reads as a pattern.

## Why it matters
The run stops before the first row: `ValueError: Allowed file types: arrow,csv,json,jsonl,parquet,txt.`, or
`ValueError: File types should be identical.` when a `.DS_Store` lies among the files of a folder.

## Example
```json
{"screens": {"file_name": "screens.JSON"}}
```

## What to do
Rename the file; move everything that is not a data file out of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report files whose extension is not on the trainer's list."""
    for file in entry.files:
        if file.problem == "type":
            where = f"{file.detail} in `{file.name}`" if file.detail else f"`{file.name}`"
            yield Hit(
                f"the trainer does not accept the extension of {where}",
                "Rename or convert it: it takes .json, .jsonl, .parquet, .arrow, .csv and .txt, in lower case.",
                file=file.name,
            )
        elif file.problem == "mixed":
            yield Hit(
                f"the folder `{file.name}` mixes kinds of files ({file.detail}): File types should be identical",
                "Leave data files of one kind in the folder: no sub-folders, no hidden files.",
                file=file.name,
            )
        elif file.problem == "pattern":
            yield Hit(
                f"the loader reads the path `{file.name}` as a pattern, which does not match this file alone",
                "Rename the file or folder: no `*`, `?` or `[` in the path.",
                file=file.name,
            )


RULE = corpus_rule("DI003", "file-type-refused", "error", CorpusCheck(finish, stops_entry=True), trainers=every)
