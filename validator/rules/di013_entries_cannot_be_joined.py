"""Entries that the trainer cannot put into one dataset.

## What it finds
Entries whose images or videos are stored differently from those of an earlier entry: paths here, bytes there, bytes
with and without a path, videos as files and as lists of frames. Entries without media, or with null only, fit any
other.

## Why it matters
Each entry loads alone. Named together in `dataset:`, they are joined, and the run stops: `ValueError: The
features can't be aligned because the key _images of features ... has unexpected type` (as in LLaMA-Factory#7266).

## Example
`dataset: screens,charts`, where screens.json names files and charts.parquet holds the images.

## What to do
Convert one of them, or train on them one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.entry import Entry
from validator.findings import clip
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule

_KINDS = ("images", "videos", "audios")


def finish_run(parts: Sequence[tuple[EntryFacts, None]]) -> Iterator[Hit]:
    """Compare each entry with the first one that has media of the kind."""
    first: dict[str, tuple[str, str]] = {}
    for entry, _ in parts:
        for kind in _KINDS if entry.entry is not None else ():
            form = _form(entry, entry.entry, kind)  # type: ignore[arg-type]
            name, other = first.setdefault(kind, (entry.name, form)) if form else ("", form)
            if other != form:
                yield Hit(
                    f"its {kind} are {form}, those of `{clip(name)}` are {other}: the trainer cannot join the two and "
                    "stops with ValueError if both are named",
                    "Convert one of them, or train on them one after the other.",
                    dataset=entry.name,
                    evidence={"entry": name, "column": kind},
                )


def _form(facts: EntryFacts, entry: Entry, kind: str) -> str:
    """How the media of a column are given, by the type of its elements; "" where there are none."""
    for file in facts.files:
        column = file.survey.types.get(entry.columns[kind] or "") if file.survey is not None else None
        if column is not None and (form := _of_type(column.value_type if _is_list(column) else column)):
            return form
    return ""


def _is_list(kind: pa.DataType) -> bool:
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def _of_type(kind: pa.DataType) -> str:
    if t.is_struct(kind):
        return "bytes with a path"
    if t.is_binary(kind) or t.is_large_binary(kind):
        return "bytes"
    if _is_list(kind):
        return "lists of frames"
    return "paths" if t.is_string(kind) or t.is_large_string(kind) else ""


RULE = corpus_rule("DI013", "entries-cannot-be-joined", "warning", CorpusCheck(finish_run=finish_run))
