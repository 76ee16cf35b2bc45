"""The entry has no row to train on.

## What it finds
An entry whose files have no rows (empty, `[]`, rows without any key, a table of no rows), a folder without files, and
an entry all of whose rows the trainer drops.

## Why it matters
The run stops: `ValueError: Instruction "train" corresponds to no data!`, `IndexError: list index out of range` for an
empty folder, or, after the whole conversion,
`RuntimeError: Cannot find valid samples, check data/README.md for the data format.`

## Example
Role names in the rows that differ from the entry's `tags`.

## What to do
Check the findings about individual rows; usually they have one common cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.wording import converted


@dataclass(slots=True)
class UsableRows:
    """Rows, and those that are dropped for what they hold."""

    rows: int = 0
    dropped: int = 0


def fold(counts: UsableRows, case: Case) -> None:
    """Count a row."""
    counts.rows += 1
    counts.dropped += case.facts.outcome == "dropped" and not converted(case.facts)


def fold_texts(counts: UsableRows, texts: Texts) -> None:
    """Count rows."""
    counts.rows += texts.records.num_rows
    counts.dropped += int(texts.are("outcome", "dropped").sum())


def finish(counts: UsableRows, entry: EntryFacts) -> Iterator[Hit]:
    """Report empty files, and entries without a surviving row."""
    surveys = [file.survey for file in entry.files if file.survey is not None]
    if surveys and not any(survey.num_refusals or (survey.types and survey.num_rows) for survey in surveys):
        for file in entry.files:
            yield Hit(f"`{file.name}` contains no rows", "Write rows to the file, or remove the entry.", file=file.name)
    for file in entry.files:
        if file.problem == "empty-folder":
            yield Hit(f"the folder `{file.name}` contains no files", "Put data files there, or remove the entry.")
    if counts.rows and counts.dropped == counts.rows:
        yield Hit(
            f"the trainer drops all {counts.rows:,} rows of this entry: Cannot find valid samples",
            "Compare the roles in the rows with the entry's `tags`.",
            evidence={"rows": counts.rows},
        )


def merge(left: UsableRows, right: UsableRows) -> UsableRows:
    """Add two counts."""
    return UsableRows(left.rows + right.rows, left.dropped + right.dropped)


RULE = corpus_rule(
    "DI009",
    "no-usable-row",
    "error",
    CorpusCheck(finish, UsableRows, fold, merge, fold_texts=fold_texts, stops_entry=True),
)
