"""A column or message key that the trainer needs is in no row of the file.

## What it finds
`columns` without `messages` (then the trainer looks for a column called None: a `columns` block replaces all defaults),
a declared column that no row has, and role or content tags that no message has. In alpaca entries without `columns` the
trainer needs instruction, input and output: rows without an `input` stop it.

## Why it matters
The run stops at the first row with `KeyError: 'images'`, or `KeyError: None`.

## Example
```json
{"screens": {"file_name": "screens.json", "formatting": "sharegpt", "columns": {"images": "image"}}}
```
where the rows have `images`, and `messages` is not listed.

## What to do
List every column that the rows have under the name they have, `messages` included.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from validator.catalog.entry import Entry
from validator.catalog.survey import Survey
from validator.findings import clip
from validator.rules.base import Consequences, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.meant import keys_of, line
from validator.rules.wording import stops_with

_MEDIA = ("images", "videos", "audios")
_USED = {
    "sharegpt": ("messages", "system", "tools", *_MEDIA),
    "openai": ("messages", *_MEDIA),
    "alpaca": ("prompt", "query", "response", "history", "system", "tools", *_MEDIA),
}
_HELP = "Name the columns as the rows do; once `columns` is given, every column must be listed."
_EMPTY: Consequences = {"CV009": {}, "LB001": {}, "LB002": {}, "DU003": {}}
"""What is found where the trainer would read no answer."""


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Compare the entry's columns and tags with the schema of each file."""
    if entry.entry is None:
        return
    for file in entry.files:
        if file.survey is not None and file.survey.types:
            for key, message in _missing(entry.entry, file.survey):
                yield Hit(
                    message,
                    _help(entry.entry, file.survey, key),
                    evidence={"key": key},
                    file=file.name,
                    explains=_EMPTY if key == "response" else {},
                )


def _missing(entry: Entry, survey: Survey) -> Iterator[tuple[str, str]]:
    known = ", ".join(sorted(survey.types))[:200]
    refused = {refusal.column for refusal in survey.refusals if refusal.row is None}
    for key in _USED[entry.formatting]:
        column = entry.columns[key]
        if key == "messages" and column is None:
            yield key, f"`columns` does not list `messages`: {stops_with('KeyError', 'None')}"
        elif column is not None and column not in survey.types and column not in refused:
            missing = f"no row has the column `{column}` (columns.{key}); they have {known}"
            yield key, f"{missing}: {stops_with('KeyError', repr(column))}"
    if entry.formatting == "alpaca":
        return
    names = keys_of(survey.types.get(entry.columns["messages"] or ""))
    if missing_tags := [tag for tag in ("role_tag", "content_tag") if names and entry.tags[tag] not in names]:
        keys = ", ".join(sorted(names))[:200]
        wanted = " and ".join(f"`{entry.tags[tag]}` (tags.{tag})" for tag in missing_tags)
        yield missing_tags[0], f"no message has the key {wanted}; the messages have {keys}"


def _help(entry: Entry, survey: Survey, key: str) -> str:
    """The line to write, where a column that nothing else reads has nearly the same name."""
    free = sorted(survey.types.keys() - set(entry.columns.values()))
    if close := difflib.get_close_matches(entry.columns.get(key) or key, free, n=1):
        return f"Write {clip(line(key, close[0]))} in `columns`, if that is the column."
    return _HELP


RULE = corpus_rule("DI005", "column-missing", "error", CorpusCheck(finish, names_causes=True))
