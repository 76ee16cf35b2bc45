"""A row that was not checked to the end.

## What it finds
Rows at which mmvalidate itself failed, rows with a value too large to be held in memory, and rows with an image that
would take minutes to load. The other rows are judged as usual.

## Why it hurts
An unchecked row is not a passed row. The run is incomplete and ends with exit code 3.

## Example
A row that meets an error in mmvalidate, or with a JPEG of 100,000 scans; the message says which.

## What to do
Report an internal error with its message; remove or mend what is too large or too slow. Do not take the result for a
pass of this row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("XX001", "row-not-checked", "info", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose facts are incomplete."""
    if case.facts.unchecked is not None:
        yield Hit(f"not checked to the end: {case.facts.unchecked}", "This row is neither passed nor failed.")


RULE = check
