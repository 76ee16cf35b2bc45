"""Turns behind the last answer are in no sample.

## What it finds
Rows that end with something else than an answer that is learned.

## Why it matters
LLaMA-Factory v1 makes a sample of each answer, with all that stands before it. What stands behind the last one is never
fed, and the images in it are not opened. Nothing is logged.

## Example
A log of a chat that ends with a question.

## What to do
Add the answer, or remove the turns.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting


@row_rule("CV021", "turns-behind-last-answer", "warning", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report the first of the turns."""
    for problem in case.facts.problems:
        if problem.kind == "behind-last-answer":
            turns = count(int(problem.message), "turn")
            yield Hit(
                f"{turns} behind the last answer: not fed (from turn {problem.turn} on)",
                "Add the answer, or remove what stands behind the last one.",
                turn=problem.turn,
            )


RULE = check
