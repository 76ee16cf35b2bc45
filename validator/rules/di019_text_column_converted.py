"""The loader turns a text column into dates or numbers, and its rows are lost.

## What it finds
Columns of questions, answers or other text that the trainer's loader has turned into dates or numbers, in rows that the
trainer then drops or stops at:

- a file that is one JSON array, under llamafactory: pandas looks for dates in columns *named* `date`, `datetime`,
  `modified`, `timestamp...`, `..._at` and `..._time` ("2024-05-01", "10:30", "May 2024", "1714521600");
- JSON lines, and under trl and ms-swift arrays too: a column in which every text is an ISO date, whatever its name;
- csv: a column in which every text is a number (`42`), or true or false.

## Why it matters
The text is right in the file, but is no longer text when the trainer sees it. llamafactory silently drops each row
(`Cannot find valid samples` where none is left) or stops with `TypeError: sequence item 0: expected str instance,
datetime.datetime found`; ms-swift loses the row of which the answer became 1714521600000.

## Example
```json
[{"question": "When was it sent?", "date": "2024-05-01"}, {"question": "And this?", "date": "2024-06-02"}]
```

## What to do
Rename the column, here and in the entry's `columns`, if its name is the reason; otherwise write the file as the help
says. Conversations (`messages`) with other texts beside the dates are read as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.arrow_types import steps_of
from validator.catalog.survey import Survey
from validator.findings import clip, count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every

_OF_ARRAY = "Rename the column, also in the entry's `columns`: pandas reads columns named {names} as dates."
_NAMES = "date, datetime, modified, timestamp..., ..._at and ..._time"
_OF_LINES = (
    "Write the rows as one JSON array in a .json file (the column not named {names}), or give one row a text that is "
    "more than a date."
)
_OF_VALUES = 'Give one row a text that is more than a date ("on 2024-05-01"), or write the rows as `messages`.'
_OF_CSV = "Write the rows as JSON lines, with the text in quotes."


@dataclass(slots=True)
class Lost:
    """Rows that are lost with such a column: their number by file and path, and the first of them."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    first: dict[str, dict[str, int]] = field(default_factory=dict)


def fold(lost: Lost, case: Case) -> None:
    """Count a row that is lost."""
    facts = case.facts
    for problem in facts.problems if facts.outcome in ("dropped", "crash") else ():
        if problem.kind == "type-converted":
            rows = lost.rows.setdefault(facts.file, {})
            rows[problem.message] = rows.get(problem.message, 0) + 1
            first = lost.first.setdefault(facts.file, {})
            first[problem.message] = min(first.get(problem.message, facts.row), facts.row)


def merge(left: Lost, right: Lost) -> Lost:
    """Add the rows of two aggregates."""
    for file, rows in right.rows.items():
        known, first = left.rows.setdefault(file, {}), left.first.setdefault(file, {})
        for path, number in rows.items():
            known[path] = known.get(path, 0) + number
            first[path] = min(first.get(path, right.first[file][path]), right.first[file][path])
    return left


def finish(lost: Lost, entry: EntryFacts) -> Iterator[Hit]:
    """Report each such column of a file."""
    surveys = {file.name: file.survey for file in entry.files if file.survey is not None}
    for file, rows in lost.rows.items():
        for path, number in rows.items():
            if any(refusal.column == path for refusal in surveys[file].refusals):
                continue  # it holds other things too, for which the loader refuses the file
            kind = _type_at(surveys[file], path)
            becomes = "dates" if t.is_temporal(kind) else "true or false" if t.is_boolean(kind) else "numbers"
            yield Hit(
                f"the loader turns the text in `{clip(path)}` into {becomes} ({kind}): {count(number, 'row')} "
                f"{'is' if number == 1 else 'are'} lost, first row {lost.first[file][path]}",
                _help(surveys[file], entry),
                file=file,
                evidence={"column": path, "type": str(kind), "rows": number},
            )


def _type_at(survey: Survey, path: str) -> pa.DataType:
    name, *steps = steps_of(path)
    kind = survey.types[name]
    for step in steps:
        kind = kind.value_type if step == "[]" else kind.field(step).type
    return kind


def _help(survey: Survey, entry: EntryFacts) -> str:
    if survey.layout == "csv":
        return _OF_CSV
    if entry.settings.profile.loader.mixes:
        return _OF_VALUES
    return (_OF_ARRAY if survey.layout == "array" else _OF_LINES).format(names=_NAMES)


RULE = corpus_rule(
    "DI019",
    "text-column-converted",
    "error",
    CorpusCheck(finish, Lost, fold, merge, needs="problems"),
    trainers=every,
)
