"""What the rows of a file become where they are repaired: the entry that names their columns, and their types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.arrow_types import TypeConflictError, castable, merge
from validator.catalog.entry import Entry
from validator.catalog.survey import Survey
from validator.conversation.parts import are_parts, hold_parts

_COLUMNS = ("images", "videos")


class Target:
    """The entry and the survey of a file as its repaired rows will have them.

    Contents in parts become text, and their media go into columns. `entry` names such a column whether or not it is
    used; `added` are those that some row uses and the original does not name. `is_of_text`: the file had contents in
    parts. Everything else stays.
    """

    def __init__(self, entry: Entry, survey: Survey) -> None:
        self.survey, self.added = replace(survey, refusals=[], num_refusals=0), dict[str, str]()
        self._original = self.entry = entry
        self.is_of_text = hold_parts(entry, survey)
        if self.is_of_text:
            self.entry = replace(entry, columns={**entry.columns, **{name: _named(entry, name) for name in _COLUMNS}})
            self._set(_with_text(survey.types, entry))

    def used(self) -> Entry:
        """The entry without columns that no row so far has."""
        used = {name: column for name, column in self.entry.columns.items() if self._is_used(name)}
        return replace(self.entry, columns={**dict.fromkeys(self.entry.columns), **used})

    def take(self, value: dict[str, Any]) -> bool:
        """Whether messages and media of a row have types that the loader can join with those of the rows before."""
        types = dict(self.survey.types)
        try:
            for column in ("messages", *_COLUMNS):
                if (name := self.entry.columns[column]) in value:
                    types[name] = merge(types.get(name, pa.null()), pa.array([value[name]]).type, name)
        except (pa.ArrowException, TypeConflictError, OverflowError, TypeError, ValueError):
            return False
        if types != self.survey.types:
            self._set(types)
        return True

    def fits(self, value: dict[str, Any]) -> bool:
        """Whether the loader can put the values into the columns that it has found."""
        types = self.survey.types
        return all(
            name in types and castable(pa.array([item]).type, types[name], name) is None for name, item in value.items()
        )

    def keep(self, value: dict[str, Any]) -> None:
        """Note the columns of a row that is kept."""
        for column in _COLUMNS:
            name = self.entry.columns[column]
            if name and self._original.columns[column] is None and value.get(name):
                self.added[column] = name

    def holds_parts(self, value: Any) -> bool:
        """Whether a row has contents in parts."""
        messages = value.get(self.entry.columns["messages"]) if isinstance(value, dict) else None
        tag = self.entry.tags["content_tag"]
        return isinstance(messages, list) and any(
            isinstance(message, dict) and are_parts(message.get(tag)) for message in messages
        )

    def _set(self, types: dict[str, pa.DataType]) -> None:
        self.survey = replace(self.survey, types=types)

    def _is_used(self, column: str) -> bool:
        return self.entry is self._original or column not in _COLUMNS or self.entry.columns[column] in self.survey.types


def _named(entry: Entry, column: str) -> str:
    return entry.columns[column] or column


def _with_text(types: dict[str, pa.DataType], entry: Entry) -> dict[str, pa.DataType]:
    """The types with text in the place of parts."""
    name, tag = entry.columns["messages"] or "", entry.tags["content_tag"]
    messages = types.get(name)
    if messages is None or not t.is_list(messages) or not t.is_struct(messages.value_type):
        return types
    fields = [
        field.with_type(pa.string()) if field.name == tag and t.is_list(field.type) else field
        for field in messages.value_type
    ]
    return {**types, name: pa.list_(pa.struct(fields))}
