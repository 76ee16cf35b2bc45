"""Datasets of a training file that cannot be put into one table.

## What it finds
Parts of `datasets` in a training file of TRL or axolotl with a column of one name and of different types: paths here
and images there, numbers here and texts there, messages with other keys. Null fits any type.

## Why it matters
Each part loads alone, and then training stops: `ValueError: The features can't be aligned because the key messages of
features ... has unexpected type`.

## Example
`messages` with `role` and `content` in one part, and with `role`, `content` and `name` in another.

## What to do
Convert one of them, or under TRL leave the column out with `columns`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.trl_file import PART
from validator.findings import clip
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import joining, masking


def finish_run(parts: Sequence[tuple[EntryFacts, None]]) -> Iterator[Hit]:
    """Compare each column with that of the first part that has it, and not as null alone."""
    first: dict[str, tuple[str, pa.DataType]] = {}
    for facts, _ in parts:
        keeps = masking(facts.settings.profile)
        for name, kind in _columns(facts).items():
            if _is_null(kind):
                continue
            other, before = first.setdefault(name, (facts.name, kind))
            if not _aligned(before, kind):
                yield Hit(
                    f"its column `{clip(name)}` is {clip(str(kind), 200)}, that of `{clip(other)}` is "
                    f"{clip(str(before), 200)}: the two are put into one table, and training stops with ValueError",
                    "Convert one of them" + (", or leave the column out with `columns`." if keeps else "."),
                    dataset=facts.name,
                    evidence={"entry": other, "column": name},
                )


def _columns(facts: EntryFacts) -> dict[str, pa.DataType]:
    """The types of the columns of a part, by the first file that has them; without those that are kept as JSON."""
    found: dict[str, pa.DataType] = {}
    if facts.entry is None or facts.entry.key != PART:
        return found
    for file in facts.files:
        if file.survey is not None:
            mixed = {path.partition(".")[0].partition("[")[0] for path in file.survey.mixed}
            kept = facts.entry.keep
            for name, kind in file.survey.types.items():
                if name not in mixed and (kept is None or name in kept):
                    found.setdefault(name, kind)
    return found


def _is_null(kind: pa.DataType) -> bool:
    """Null, or lists of null."""
    return bool(t.is_null(kind) or (_is_list(kind) and _is_null(kind.value_type)))


def _is_list(kind: pa.DataType) -> bool:
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def _aligned(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether `datasets` aligns two columns: objects by the keys that they share, all else where it is the same."""
    if t.is_struct(one) and t.is_struct(other):
        mine, theirs = _fields(one), _fields(other)
        return all(
            _is_null(mine[key]) or _is_null(theirs[key]) or _aligned(mine[key], theirs[key])
            for key in mine.keys() & theirs
        )
    return _same(one, other)


def _same(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether two types are the same, whatever the order of keys."""
    if t.is_struct(one) and t.is_struct(other):
        mine, theirs = _fields(one), _fields(other)
        return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    if _is_list(one) and _is_list(other):
        return type(one) is type(other) and _same(one.value_type, other.value_type)
    return bool(one == other)


def _fields(kind: pa.DataType) -> dict[str, pa.DataType]:
    return {kind.field(place).name: kind.field(place).type for place in range(kind.num_fields)}


RULE = corpus_rule("DI031", "parts-cannot-be-joined", "error", CorpusCheck(finish_run=finish_run), trainers=joining)
