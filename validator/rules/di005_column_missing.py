"""A column or message key that the trainer asks for is in no row of the file.

## What it finds
`columns` without `messages` (then the trainer looks for a column called None: a `columns` block replaces all defaults),
a declared column that no row has, and role or content tags that no message has. In alpaca entries without `columns` the
trainer asks for instruction, input and output: rows without an `input` stop it.

## Why it hurts
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

from collections.abc import Iterator

from validator.catalog.entry import Entry
from validator.catalog.survey import Survey
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.wording import stops_with

_MEDIA = ("images", "videos", "audios")
_USED = {
    "sharegpt": ("messages", "system", "tools", *_MEDIA),
    "openai": ("messages", *_MEDIA),
    "alpaca": ("prompt", "query", "response", "history", "system", "tools", *_MEDIA),
}
_HELP = "Name the columns as the rows do; once `columns` is given, every column must be listed."


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Compare the entry's columns and tags with the schema of each file."""
    if entry.entry is None:
        return
    for file in entry.files:
        if file.survey is not None and file.survey.types:
            for message in _missing(entry.entry, file.survey):
                yield Hit(message, _HELP, file=file.name)


def _missing(entry: Entry, survey: Survey) -> Iterator[str]:
    known = ", ".join(sorted(survey.types))[:200]
    for key in _USED[entry.formatting]:
        column = entry.columns[key]
        if key == "messages" and column is None:
            yield f"`columns` does not list `messages`: {stops_with('KeyError', 'None')}"
        elif column is not None and column not in survey.types:
            missing = f"no row has the column `{column}` (columns.{key}), they have {known}"
            yield f"{missing}: {stops_with('KeyError', repr(column))}"
    if entry.formatting == "alpaca":
        return
    messages = survey.types.get(entry.columns["messages"] or "")
    item = getattr(messages, "value_type", None)
    if item is None or not hasattr(item, "names"):
        return
    for tag in ("role_tag", "content_tag"):
        if item.names and entry.tags[tag] not in item.names:
            keys = ", ".join(sorted(item.names))[:200]
            yield f"no message has the key `{entry.tags[tag]}` (tags.{tag}); the messages have {keys}"


RULE = corpus_rule("DI005", "column-missing", "error", CorpusCheck(finish))
