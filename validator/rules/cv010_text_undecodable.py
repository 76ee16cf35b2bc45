"""Text in a file of lines that is not UTF-8.

## What it finds
Rows of json and jsonl files of lines with such text in a column that the trainer reads, and in the entry's first row in
any column: the trainer reads that row whole. Elsewhere the text is never looked at. Other files are refused by the
loader for it (DI004).

## Why it matters
The loader takes the file and the run stops at the row: `UnicodeDecodeError: 'utf-8' codec can't decode byte`.

## Example
A line of a file in Latin-1 (Windows-1252) among lines in UTF-8.

## What to do
Convert the text of the row to UTF-8, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("CV010", "text-undecodable", "error", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report the column, where the trainer reads it."""
    for problem in case.facts.problems:
        if problem.kind == "not-utf8" and (problem.exception or case.place == 0):
            yield Hit(
                f"the column `{clip(problem.message)}` holds text that is not UTF-8: the trainer stops with "
                "UnicodeDecodeError",
                "Convert the text of the row to UTF-8, or remove the row.",
                evidence={"column": problem.message},
            )


RULE = check
