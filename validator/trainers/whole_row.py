"""Rows with all their columns, for trainers that know columns by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import dates_within, projector, steps_of
from validator.catalog.entry import Entry
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView, converted_text, decoded


def whole_rows(entry: Entry, survey: Survey, texts: frozenset[str]) -> RowView:
    """The view of whole rows; `texts`: the names of columns that hold text."""
    types, mixed = survey.types, survey.mixed
    if entry.keep is not None:
        types = {name: kind for name, kind in types.items() if name in entry.keep}
        mixed = tuple(path for path in mixed if steps_of(path)[0] in types)
    view = WholeRow(types, mixed, converted_text(entry, survey, texts), keep=entry.keep, joined=entry.joined)
    view.csv = survey.layout == "csv"
    return view


class WholeRow(RowView):
    """Every column as a loader of `datasets` 4.8 or later hands it on, which keeps values of mixed types as JSON: where
    one stands among them, text that is JSON itself (`null`, `5`, `["a.png"]`) is read as what it says.

    Source: `datasets` 4.8.4 `utils/json.py`, `json_encode_field`.
    """

    def __init__(
        self,
        types: Mapping[str, pa.DataType],
        mixed: Sequence[str],
        converted: Sequence[str] = (),
        *,
        keep: Sequence[str] | None = None,
        joined: Sequence[str] = (),
    ) -> None:
        self._converted = {path: steps_of(path) for path in converted}
        self._names = (*types, *joined)
        self._keep = keep
        self._mixed = {path: steps_of(path) for path in mixed}
        kept = {steps[0] for steps in self._mixed.values()}
        self._dates = [
            (name, projector(kind))
            for name, kind in types.items()
            if name not in kept and any(dates_within(kind, name))
        ]
        self._decimals = [name for name, kind in types.items() if pa.types.is_floating(kind) and name not in kept]

    def reads(self, column: str) -> bool:
        """Every column is looked at."""
        return column in self._names

    def __call__(self, value: Any) -> dict[str, Any]:
        """The row with null for each column that it lacks."""
        row: dict[str, Any] = dict.fromkeys(self._names)
        given = value if isinstance(value, dict) else {}
        row.update(given if self._keep is None else {name: given[name] for name in self._keep if name in given})
        for name, project in self._dates:
            row[name] = project(row[name])
        for name in self._decimals:
            row[name] = float(row[name]) if isinstance(row[name], int) else row[name]
        for steps in self._mixed.values():
            row = decoded(row, steps)
        return row
