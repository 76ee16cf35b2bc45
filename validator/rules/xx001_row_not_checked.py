"""A row that was not checked completely.

## What it finds
Rows on which mmvalidate itself failed, rows with a value too large to be held in memory, and rows with an image that
would take minutes to load. The other rows are judged as usual.

## Why it matters
An unchecked row has not passed. The run is incomplete and ends with exit code 3.

## Example
A row that triggers an error in mmvalidate, or with a JPEG of 100,000 scans; the message says which.

## What to do
Report an internal error with its message; remove or fix what is too large or too slow. This row has not passed.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("XX001", "row-not-checked", "info", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows whose facts are incomplete."""
    if case.facts.unchecked is not None:
        yield Hit(f"not checked: {case.facts.unchecked}", "Counted as unchecked.")


RULE = check
